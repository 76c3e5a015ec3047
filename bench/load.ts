import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'

/** What clients saw that asked as fast as they were answered. */
export interface Figures {
  /** Answers in a second. */
  rate: number
  /** Milliseconds of half, and of the slowest, of the answers. */
  median: number
  slowest: number
}

/** So many clients ask for the same URL, each again as soon as it was answered. Anything but a 200 is an error. */
export async function load(url: string, clients: number, seconds: number): Promise<Figures> {
  const dispatcher = new Agent({ connections: clients, pipelining: 1 })
  const times: number[] = []
  const began = performance.now()
  const end = began + seconds * 1000
  const ask = async () => {
    do {
      const asked = performance.now()
      const { statusCode, body } = await request(url, { dispatcher })
      await body.arrayBuffer()
      if (statusCode !== 200) throw new Error(`${statusCode} from ${url}`)
      times.push(performance.now() - asked)
    } while (performance.now() < end)
  }
  await Promise.all(Array.from({ length: clients }, ask))
  const took = performance.now() - began
  await dispatcher.close()
  times.sort((a, b) => a - b)
  return {
    rate: (times.length / took) * 1000,
    median: times[Math.floor(times.length / 2)] ?? 0,
    slowest: times.at(-1) ?? 0,
  }
}

/** Asks for one URL again and again while the work goes on: the slowest answer, in milliseconds. */
export async function meanwhile(url: string, work: () => Promise<void>): Promise<number> {
  const dispatcher = new Agent({ connections: 1 })
  let over = false
  let slowest = 0
  const probing = (async () => {
    while (!over) {
      const asked = performance.now()
      const { body } = await request(url, { dispatcher })
      await body.arrayBuffer()
      slowest = Math.max(slowest, performance.now() - asked)
      await sleep(20)
    }
  })()
  await work()
  over = true
  await probing
  await dispatcher.close()
  return slowest
}
