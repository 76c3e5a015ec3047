import type { Queue } from 'bullmq'

/** Those that jobs have here (`queuePriority`). Jobs without one come before all. */
const PRIORITIES = Array.from({ length: 100 }, (_, index) => index + 1)

/** How much there is to do in one queue. */
export interface QueueDepth {
  queue: string
  jobs: { waiting: number; active: number; delayed: number }
  /** How long the job that has waited longest does; 0 when none waits. */
  oldestSeconds: number
}

/** Asked with a few commands, however many jobs there are. */
export async function depthOf(queue: Queue): Promise<QueueDepth> {
  const counts = await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed')
  const { wait = 0, prioritized = 0, active = 0, delayed = 0 } = counts
  const first = [...(wait > 0 ? await queue.getWaiting(0, 0) : []), ...(prioritized > 0 ? await firsts(queue) : [])]
  const oldest = Math.min(Date.now(), ...first.map(({ timestamp }) => timestamp))
  return {
    queue: queue.name,
    jobs: { waiting: wait + prioritized, active, delayed },
    oldestSeconds: (Date.now() - oldest) / 1000,
  }
}

/** The first job of each priority: within one, the first that came is the first to go. */
async function firsts(queue: Queue) {
  const counts = await queue.getCountsPerPriority(PRIORITIES)
  const ranks: number[] = []
  let before = 0
  for (const priority of PRIORITIES) {
    const count = counts[String(priority)] ?? 0
    if (count > 0) ranks.push(before)
    before += count
  }
  return (await Promise.all(ranks.map((rank) => queue.getPrioritized(rank, rank)))).flat()
}
