import { Agent, request } from 'undici'

export interface ServerAnswer {
  status: number
  body: Record<string, unknown>
}

/** Talks to the API server beside the product's own driver, as the user "harness": what somebody else would do. */
export interface ServerClient {
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<ServerAnswer>
  /** Server-side apply under another field manager's name. */
  applyAs(manager: string, path: string, object: unknown): Promise<ServerAnswer>
  close(): Promise<void>
}

export function createServerClient(server: string, authority: string, token: string): ServerClient {
  const agent = new Agent({ connect: { ca: authority, timeout: 5_000 }, headersTimeout: 15_000, bodyTimeout: 15_000 })
  const call: ServerClient['call'] = async (method, path, body, contentType = 'application/json') => {
    const answer = await request(new URL(path, server), {
      method,
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': contentType },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : { text } }
  }
  return {
    call,
    applyAs: (manager, path, object) =>
      call('PATCH', `${path}?fieldManager=${manager}`, object, 'application/apply-patch+yaml'),
    close: () => agent.destroy(),
  }
}
