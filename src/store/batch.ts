/** Questions that a thousand runs ask in the same turn of the event loop go to Redis together: a command costs more to send and to receive than what most of them read. */
export function createBatch<Q, A>(
  ask: (questions: Q[]) => Promise<A[]>,
  most = MOST_TOGETHER,
): (question: Q) => Promise<A> {
  let waiting: { question: Q; answer: PromiseWithResolvers<A> }[] = []

  function flush(): void {
    const all = waiting
    waiting = []
    for (let from = 0; from < all.length; from += most) void send(all.slice(from, from + most))
  }

  async function send(batch: typeof waiting): Promise<void> {
    try {
      const answers = await ask(batch.map(({ question }) => question))
      if (answers.length !== batch.length) throw new TypeError('not every question was answered')
      for (const [index, answer] of answers.entries()) batch[index]?.answer.resolve(answer)
    } catch (error) {
      for (const { answer } of batch) answer.reject(error)
    }
  }

  return (question) => {
    // After all that follows from what has just arrived: what it asks for goes along.
    if (waiting.length === 0) process.nextTick(flush)
    const answer = Promise.withResolvers<A>()
    waiting.push({ question, answer })
    return answer.promise
  }
}

const MOST_TOGETHER = 100
