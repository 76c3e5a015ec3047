import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { createOutgoing, type Outgoing } from '../../src/outgoing/outgoing.ts'
import type { Resolve } from '../../src/outgoing/resolver.ts'
import type { OutgoingSettings } from '../../src/outgoing/settings.ts'
import { type HttpPeer, type PeerOptions, startPeer, startTcpPeer } from '../harness/http-peer.ts'
import { freePort } from '../harness/redis.ts'
import { labSettings } from './settings.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A name that nobody asked for is a mistake of the test: nothing may leave loopback. */
const nobody: Resolve = async (name) => {
  throw new Error(`${name} was looked up`)
}

function outgoing(settings: Partial<OutgoingSettings> = {}, resolve = nobody): Outgoing {
  const made = createOutgoing({ settings: labSettings(settings), resolve })
  closing.push(() => made.close())
  return made
}

async function peer(
  answer?: (response: ServerResponse, index: number) => void,
  options?: PeerOptions,
): Promise<HttpPeer> {
  const started = await startPeer(answer, options)
  closing.push(() => started.close())
  return started
}

const found =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

describe('a notification', () => {
  test('arrives as it was written, with the headers that were given', async () => {
    const subscriber = await peer()
    const sent = await outgoing().post(`${subscriber.url}/notify?who=me`, '{"a":1}', { headers: { Version: '2.0.0' } })
    expect(sent).toEqual({ accepted: true, status: 204 })
    expect(subscriber.requests).toMatchObject([
      {
        method: 'POST',
        path: '/notify?who=me',
        body: '{"a":1}',
        headers: { 'content-type': 'application/json', version: '2.0.0' },
      },
    ])
  })

  test('goes over connections that are there already', async () => {
    const subscriber = await peer()
    const client = outgoing()
    for (let count = 0; count < 5; count += 1) await client.post(subscriber.url, '{}')
    expect(subscriber.requests).toHaveLength(5)
    expect(subscriber.connections()).toBeLessThan(5)
  })

  test('is held up by no other one to the same server', async () => {
    const subscriber = await peer((response, index) => {
      if (subscriber.requests[index]?.path === '/good') response.writeHead(204).end()
    })
    const client = outgoing()
    const stop = new AbortController()
    const hanging = Array.from({ length: 100 }, () =>
      client.post(`${subscriber.url}/bad`, '{}', { signal: stop.signal }),
    )
    expect(await client.post(`${subscriber.url}/good`, '{}')).toEqual({ accepted: true, status: 204 })
    stop.abort()
    await Promise.allSettled(hanging)
  })

  test.each([
    [503, { 'retry-after': '7' }, { retryAfter: 7 }],
    [429, { 'retry-after': '99999' }, { retryAfter: 86_400 }],
    [404, {}, {}],
  ])('that is answered with %i says so', async (status, headers, more) => {
    const subscriber = await peer((response) => response.writeHead(status, headers).end('no'))
    const sent = await outgoing().post(subscriber.url, '{}')
    expect(sent).toEqual({ accepted: false, kind: 'status', reason: `answered ${status}`, status, ...more })
  })

  test.each([301, 302, 303, 307, 308])(
    'that is redirected with %i is a failure, and goes nowhere else',
    async (status) => {
      const elsewhere = await peer()
      const subscriber = await peer((response) => response.writeHead(status, { location: elsewhere.url }).end())
      expect(await outgoing().post(subscriber.url, '{}')).toMatchObject({ accepted: false, kind: 'status', status })
      expect(elsewhere.connections()).toBe(0)
    },
  )

  test('that finds nobody says so', async () => {
    const sent = await outgoing().post(`http://127.0.0.1:${await freePort()}/`, '{}')
    expect(sent).toEqual({ accepted: false, kind: 'unreachable', reason: 'refused the connection' })
  })

  test('ends with the reason of its signal', async () => {
    const subscriber = await peer(() => undefined)
    const stop = new AbortController()
    const sent = outgoing().post(subscriber.url, '{}', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(sent).rejects.toThrow('enough')
  })

  test('ends when the service stops', async () => {
    const subscriber = await peer(() => undefined)
    const client = outgoing()
    const sent = client.post(subscriber.url, '{}')
    await client.close()
    expect(await sent).toMatchObject({ accepted: false })
  })
})

describe('a subscriber that', () => {
  test('never answers is given up after the time limit', async () => {
    const subscriber = await peer(() => undefined)
    const sent = await outgoing({ outgoingTimeoutSeconds: 1 }).post(subscriber.url, '{}')
    expect(sent).toEqual({ accepted: false, kind: 'time', reason: 'did not answer within 1 s' })
  })

  test('sends its headers byte by byte is given up after the time limit', async () => {
    const dripping = await startTcpPeer((socket) => {
      socket.write('HTTP/1.1 204 No Content\r\nX-Slow: ')
      const timer = setInterval(() => socket.write('x'), 50)
      socket.on('close', () => clearInterval(timer))
    })
    closing.push(() => dripping.close())
    expect(await outgoing({ outgoingTimeoutSeconds: 1 }).post(dripping.url, '{}')).toMatchObject({ kind: 'time' })
  })

  test('accepts and then drips a body has accepted', async () => {
    const subscriber = await peer((response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      const timer = setInterval(() => response.write('x'), 50)
      response.on('close', () => clearInterval(timer))
    })
    expect(await outgoing({ outgoingTimeoutSeconds: 1 }).post(subscriber.url, '{}')).toEqual({
      accepted: true,
      status: 200,
    })
  })

  test.each([[{}], [{ 'content-length': '10000000000' }]])(
    'answers ten gigabytes (%j) is cut off soon',
    async (headers) => {
      let written = 0
      const subscriber = await peer((response) => {
        response.writeHead(200, headers)
        const chunk = Buffer.alloc(64 * 1024)
        const more = () => {
          while (!response.destroyed && written < 10_000_000_000) {
            written += chunk.length
            if (!response.write(chunk)) break
          }
        }
        response.on('drain', more).on('error', () => undefined)
        more()
      })
      expect(await outgoing().post(subscriber.url, '{}')).toEqual({ accepted: true, status: 200 })
      expect(written).toBeLessThan(100_000_000)
    },
  )

  test.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n', 'protocol'],
    ['endless headers', `HTTP/1.1 200 OK\r\n${'X-Long: 0123456789\r\n'.repeat(5000)}`, 'protocol'],
    ['nothing', '', 'unreachable'],
  ])('sends %s has not accepted', async (_what, bytes, kind) => {
    const odd = await startTcpPeer((socket) => socket.once('data', () => socket.end(bytes)))
    closing.push(() => odd.close())
    expect(await outgoing().post(odd.url, '{}')).toMatchObject({ accepted: false, kind })
  })
})

describe('an address', () => {
  test('that a name leads to is connected to when it is allowed', async () => {
    const subscriber = await peer()
    const client = outgoing({}, found('127.0.0.1'))
    expect(await client.post(`http://smo.example:${subscriber.port}/`, '{}')).toEqual({ accepted: true, status: 204 })
    expect(subscriber.requests[0]?.headers.host).toBe(`smo.example:${subscriber.port}`)
  })

  test.each(['169.254.169.254', '::ffff:169.254.169.254', '10.0.0.1', '127.0.0.2', '::1', 'fe80::1%eth0', '0.0.0.0'])(
    'that a name leads to is not connected to when it is %s',
    async (address) => {
      const sent = await outgoing({}, found(address)).post('http://smo.example:8080/', '{}')
      expect(sent).toMatchObject({ accepted: false, kind: 'rules', reason: expect.stringMatching(/^leads to a /) })
    },
  )

  test('that is allowed is taken where others are not', async () => {
    const subscriber = await peer()
    const client = outgoing({}, found('10.0.0.1', '127.0.0.1'))
    expect(await client.post(`http://smo.example:${subscriber.port}/`, '{}')).toMatchObject({ accepted: true })
  })

  test('is looked at anew for every connection (DNS rebinding)', async () => {
    const subscriber = await peer((response) => response.writeHead(204, { connection: 'close' }).end())
    const internal = await peer(undefined, { host: '127.0.0.2', port: subscriber.port })
    const answers = ['127.0.0.1', '127.0.0.2']
    const client = outgoing({}, async () => [{ address: answers.shift() ?? '127.0.0.2', family: 4 }])
    const url = `http://smo.example:${subscriber.port}/`
    expect(await client.post(url, '{}')).toMatchObject({ accepted: true })
    expect(await client.post(url, '{}')).toMatchObject({ accepted: false, kind: 'rules' })
    expect(internal.connections()).toBe(0)
  })

  test('that stands in the URL itself is looked at before each request, so are the other rules', async () => {
    const internal = await peer(undefined, { host: '127.0.0.2' })
    expect(await outgoing().post(internal.url, '{}')).toMatchObject({ accepted: false, kind: 'rules' })
    const strict = outgoing({ callbackAllowHttp: false })
    expect(await strict.post('http://127.0.0.1:8080/', '{}')).toMatchObject({ kind: 'rules' })
    expect(internal.connections()).toBe(0)
  })

  test('may be any when the URL comes from a setting', async () => {
    const smo = await peer(undefined, { host: '127.0.0.2' })
    const client = outgoing({ callbackAllowHttp: false, callbackAllowAddresses: [] })
    expect(await client.post(smo.url, '{}', { configured: true })).toEqual({ accepted: true, status: 204 })
  })

  test('that no name server tells is given up after the time limit', async () => {
    const client = outgoing({ outgoingTimeoutSeconds: 1 }, () => new Promise(() => undefined))
    expect(await client.post('http://smo.example/', '{}')).toMatchObject({ accepted: false, kind: 'time' })
  })

  test.each([
    ['ENOTFOUND', 'has a name that is not known'],
    ['EAI_AGAIN', 'has a name that cannot be looked up at this moment'],
  ])('that cannot be found says so (%s)', async (code, reason) => {
    const client = outgoing({}, async () => {
      throw Object.assign(new Error('no'), { code })
    })
    expect(await client.post('http://smo.example/', '{}')).toEqual({ accepted: false, kind: 'name', reason })
  })
})

describe('a callback', () => {
  test('is refused with a pointer when it breaks the rules', async () => {
    const error = {
      code: 'INVALID_ARGS',
      fields: [{ pointer: '/callback', message: expect.stringMatching(/loopback/) }],
    }
    await expect(outgoing().acceptCallback('http://[::1]/')).rejects.toMatchObject(error)
  })

  test('is not called when no test is asked for', async () => {
    await outgoing().acceptCallback(`http://127.0.0.1:${await freePort()}/`)
  })

  test('passes its test with 204 alone', async () => {
    const statuses = [204, 200, 302, 500]
    const subscriber = await peer((response, index) => response.writeHead(statuses[index] ?? 500).end())
    const client = outgoing({ callbackTest: true })
    await client.acceptCallback(subscriber.url)
    for (const status of statuses.slice(1)) {
      const message = expect.stringMatching(`answered ${status}`)
      const error = { code: 'CALLBACK_FAILED', fields: [{ pointer: '/callback', message }] }
      await expect(client.acceptCallback(subscriber.url)).rejects.toMatchObject(error)
    }
    expect(subscriber.requests[0]).toMatchObject({ method: 'GET', body: '' })
  })
})
