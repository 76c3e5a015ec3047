import { describe, expect, it } from 'vitest'
import { createHandOvers, type HandOver } from '../../src/provisioning/hand-over.ts'
import { silentLog } from '../harness/redis.ts'

const handOver = (n: number): HandOver => ({
  job: { provisioningRequestId: `r-${n}`, reference: `reference-${n}`, generation: 1 },
  priority: 51,
})

/** A queue that takes what it gets once it is let. */
function slowQueue() {
  const taken: string[][] = []
  const open = Promise.withResolvers<void>()
  return {
    taken,
    let: open.resolve,
    break: open.reject,
    async provisionAll(jobs: readonly HandOver[]) {
      taken.push(jobs.map(({ job }) => job.provisioningRequestId))
      await open.promise
    },
  }
}

describe('jobs that are handed over', () => {
  it('go at once when none is under way, and together while one is; each knows when its own is done', async () => {
    const queue = slowQueue()
    const handOvers = createHandOvers({ queues: queue, log: silentLog() })
    const done: number[] = []
    const all = [1, 2, 3].map((n) => handOvers.add(handOver(n)).then(() => done.push(n)))
    expect(queue.taken).toEqual([['r-1']])
    expect(done).toEqual([])
    queue.let()
    await Promise.all(all)
    expect(queue.taken).toEqual([['r-1'], ['r-2', 'r-3']])
    await handOvers.add(handOver(4))
    expect(queue.taken.at(-1)).toEqual(['r-4'])
  })

  it('that the queue does not take harm nobody: those who wait are told, and later ones go', async () => {
    const queue = slowQueue()
    const handOvers = createHandOvers({ queues: queue, log: silentLog() })
    const all = [1, 2].map((n) => handOvers.add(handOver(n)))
    queue.break(new Error('the queue is away'))
    await Promise.all(all)
    expect(queue.taken).toEqual([['r-1'], ['r-2']])
  })
})
