/**
 * Work that many ask for at about the same time and that costs the same for one as for all. Who asks while it is under way waits for the next round, which is one for all of
 * them: what anybody gets was begun after it was asked for.
 */
export interface Rounds<T> {
  join(key: string, work: () => Promise<T>): Promise<T>
}

interface Round<T> {
  current: Promise<T>
  next?: Promise<T>
}

export function createRounds<T>(): Rounds<T> {
  const rounds = new Map<string, Round<T>>()

  function begin(key: string, work: () => Promise<T>): Promise<T> {
    const current = work().finally(() => {
      if (rounds.get(key) === round && round.next === undefined) rounds.delete(key)
    })
    const round: Round<T> = { current }
    rounds.set(key, round)
    return current
  }

  return {
    join(key, work) {
      const round = rounds.get(key)
      if (round === undefined) return begin(key, work)
      round.next ??= round.current.then(
        () => begin(key, work),
        () => begin(key, work),
      )
      return round.next
    },
  }
}
