import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOutgoing, type Outgoing } from '../../src/outgoing/outgoing.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { labSettings } from './settings.ts'

const SECRET = 'geheim:with/odd+chars é'

describe('a request with a token', () => {
  const closing: (() => Promise<void>)[] = []
  let subscriber: HttpPeer
  let accepts: (authorization: string | undefined) => boolean
  beforeEach(async () => {
    accepts = () => true
    subscriber = await startPeer((response, index) => {
      const good = accepts(subscriber.requests[index]?.headers.authorization)
      response.writeHead(good ? 204 : 401).end()
    })
    closing.push(() => subscriber.close())
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  /** Answers `token-0`, `token-1`, … unless told otherwise. */
  async function tokenServer(
    answer?: (response: ServerResponse, index: number) => void,
    lifetime = 3600,
  ): Promise<HttpPeer> {
    const give = (response: ServerResponse, index: number) =>
      json(response, { access_token: `token-${index}`, token_type: 'Bearer', expires_in: lifetime })
    // Its own address is one that callbacks may not lead to
    const server = await startPeer(answer ?? give, { host: '127.0.0.2' })
    closing.push(() => server.close())
    return server
  }

  function client(server: HttpPeer, oauthScope?: string): Outgoing {
    const oauth = {
      oauthTokenUrl: `${server.url}/token`,
      oauthClientId: 'o2 ims',
      oauthClientSecret: SECRET,
      oauthScope,
    }
    const made = createOutgoing({ settings: labSettings({ ...oauth, outgoingTimeoutSeconds: 2 }) })
    closing.push(() => made.close())
    return made
  }

  const seen = () => subscriber.requests.map(({ headers }) => headers.authorization)

  test('asks for one with client credentials (RFC 6749 4.4) and carries it', async () => {
    const server = await tokenServer()
    expect(await client(server, 'o2 notify').post(subscriber.url, '{}')).toEqual({ accepted: true, status: 204 })
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        path: '/token',
        body: 'grant_type=client_credentials&scope=o2+notify',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ])
    const [scheme, credentials = ''] = server.requests[0]?.headers.authorization?.split(' ') ?? []
    const [id, secret] = Buffer.from(credentials, 'base64').toString().split(':')
    expect([scheme, ...new URLSearchParams(`id=${id}&secret=${secret}`).values()]).toEqual(['Basic', 'o2 ims', SECRET])
    expect(seen()).toEqual(['Bearer token-0'])
  })

  test('keeps it, and many at once ask for one', async () => {
    const server = await tokenServer()
    const outgoing = client(server)
    await Promise.all(Array.from({ length: 20 }, () => outgoing.post(subscriber.url, '{}')))
    await outgoing.post(subscriber.url, '{}')
    expect(server.requests).toHaveLength(1)
  })

  test('asks again when it has expired', async () => {
    const server = await tokenServer(undefined, 0.001)
    const outgoing = client(server)
    await outgoing.post(subscriber.url, '{}')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await outgoing.post(subscriber.url, '{}')
    expect(seen()).toEqual(['Bearer token-0', 'Bearer token-1'])
  })

  test('that is refused with 401 is sent once more with a fresh one', async () => {
    const server = await tokenServer()
    accepts = (authorization) => authorization === 'Bearer token-1'
    expect(await client(server).post(subscriber.url, '{}')).toEqual({ accepted: true, status: 204 })
    accepts = () => false
    const refused = await client(server).post(subscriber.url, '{}')
    expect(refused).toEqual({ accepted: false, kind: 'status', reason: 'answered 401', status: 401 })
    expect([server.requests.length, subscriber.requests.length]).toEqual([4, 4])
  })

  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['refuses', (response) => response.writeHead(401).end(`no, ${SECRET}`), /the token server answered 401$/],
    ['redirects', (response) => response.writeHead(302, { location: '/elsewhere' }).end(), /answered 302$/],
    ['answers no JSON', (response) => response.writeHead(200).end('hello'), /holds none$/],
    [
      'answers something else',
      (response) => json(response, { access_token: 'a\r\nb', token_type: 'Bearer' }),
      /holds none$/,
    ],
    ['gives another sort', (response) => json(response, { access_token: 'a', token_type: 'mac' }), /holds none$/],
    ['answers without an end', (response) => fill(response), /holds none$/],
    ['hangs', () => undefined, /within 2 s$|did not answer in time$/],
    ['breaks off', (response) => response.destroy(), /broke off the connection$/],
  ])('is not sent when the token server %s', async (_what, answer, reason) => {
    const sent = await client(await tokenServer(answer)).post(subscriber.url, '{}')
    expect(sent).toMatchObject({ accepted: false, reason: expect.stringMatching(reason) })
    expect(JSON.stringify(sent)).not.toContain('geheim')
    expect(subscriber.requests).toHaveLength(0)
  })

  test('is sent as soon as the token server gives one again', async () => {
    const server = await tokenServer((response, index) =>
      index === 0 ? response.writeHead(500).end() : json(response, { access_token: 'late', token_type: 'bearer' }),
    )
    const outgoing = client(server)
    expect(await outgoing.post(subscriber.url, '{}')).toMatchObject({ accepted: false, kind: 'token' })
    expect(await outgoing.post(subscriber.url, '{}')).toMatchObject({ accepted: true })
    expect(seen()).toEqual(['Bearer late'])
  })
})

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function fill(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, ' ')));
  }
  response.on('drain', more)
  more()
}
