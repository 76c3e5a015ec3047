import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { WireRequest } from '../../src/cli/client/wire.ts'

/** One call that the command line made. */
export interface Received {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

type Handler = (received: Received, response: ServerResponse) => void | Promise<void>

/** A true HTTP server that answers as the front door does, by script: what a client must cope with and a good service rarely does. */
export interface ScriptedService extends AsyncDisposable {
  server: string
  received: Received[]
  /** The calls so far as `METHOD url`. */
  calls(): string[]
}

export async function scriptedService(handle: Handler): Promise<ScriptedService> {
  const received: Received[] = []
  const http = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const call = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
    received.push(call)
    await handle(call, response)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    server: `http://127.0.0.1:${address.port}`,
    received,
    calls: () => received.map(({ method, url }) => `${method} ${url}`),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
}

export function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(body))
}

/** Starts an event stream, or goes on with one. */
export function sendEvents(response: ServerResponse, events: [id: string, event: string, data: unknown][]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [id, event, data] of events)
    response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

/** A request with the steps check and workload, in the state that a test needs. */
export function aRequest(change: {
  phase?: WireRequest['status']['provisioningPhase']
  message?: string
  percent?: number
  generation?: number
  states?: [string, string]
  error?: WireRequest['progress']['error']
}): WireRequest {
  const [check, workload] = change.states ?? ['PENDING', 'PENDING']
  return {
    provisioningRequestData: {
      provisioningRequestId: 'ran-1',
      name: 'ran at edge-1',
      description: '',
      templateName: 'kpt-workload',
      templateVersion: '1.0.0',
    },
    provisioningRequestReference: 'c2b0',
    status: {
      provisioningPhase: change.phase ?? 'PENDING',
      message: change.message ?? 'waiting for a worker',
      updateTime: '2026-11-23T10:00:00Z',
    },
    progress: {
      percent: change.percent ?? 0,
      currentStep: null,
      generation: change.generation ?? 1,
      deadline: null,
      simulated: true,
      steps: [
        { name: 'check', uses: 'preflight', state: check },
        { name: 'workload', uses: 'kpt-package', state: workload },
      ],
      ...(change.error && { error: change.error }),
    },
  }
}

export function stepEvent(step: string, state: string, percent: number, message: string): unknown {
  return { provisioningRequestId: 'ran-1', generation: 1, step, state, percent, message, at: '2026-11-23T10:00:01Z' }
}
