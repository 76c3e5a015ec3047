import { openRawClient, rawRequest } from './raw-client.ts'

/** What clients saw that asked as fast as they were answered. */
export interface Figures {
  /** Answers in a second. */
  rate: number
  /** Milliseconds of half, and of the slowest, of the answers. */
  median: number
  slowest: number
}

/** So many clients send requests, each the next as soon as the last was answered. Anything but a 200 or 201 is an error. */
export async function loadWith(base: string, clients: number, seconds: number, next: () => Buffer): Promise<Figures> {
  const connections = await Promise.all(Array.from({ length: clients }, () => openRawClient(base)))
  const times: number[] = []
  const began = performance.now()
  const end = began + seconds * 1000
  await Promise.all(
    connections.map(async (connection) => {
      do {
        const request = next()
        const asked = performance.now()
        const status = await connection.ask(request)
        if (status !== 200 && status !== 201)
          throw new Error(`${status} from ${base} to ${request.toString().split('\r\n', 1)[0]}`)
        times.push(performance.now() - asked)
      } while (performance.now() < end)
    }),
  )
  const took = performance.now() - began
  for (const connection of connections) connection.close()
  times.sort((a, b) => a - b)
  return {
    rate: (times.length / took) * 1000,
    median: times[Math.floor(times.length / 2)] ?? 0,
    slowest: times.at(-1) ?? 0,
  }
}

/** The same, all for one URL. */
export function load(url: string, clients: number, seconds: number): Promise<Figures> {
  const request = rawRequest(url)
  return loadWith(url, clients, seconds, () => request)
}
