import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../harness/client.ts'
import { startToyApp, type ToyApp } from './toy-app.ts'

let toys: ToyApp

beforeAll(async () => {
  toys = await startToyApp({ settings: { allowedHosts: ['127.0.0.1', 'localhost'] } })
})
afterAll(() => toys.close())

describe('errors', () => {
  test('of a handler leave with their code, and Retry-After where there is one', async () => {
    const answer = await call(`${toys.url}/toys/away?big=true`)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('7')
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.body).toEqual({
      type: '/problems/unavailable',
      title: 'Not available at this moment',
      status: 503,
      detail: 'not now',
      instance: '/toys/away',
      code: 'UNAVAILABLE',
    })
  })

  test('that nobody expected say nothing but the id of the request', async () => {
    const answer = await call(`${toys.url}/toys/broken`)
    expect(answer.status).toBe(500)
    expect(answer.body).toMatchObject({ code: 'INTERNAL', requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(JSON.stringify(answer.body)).not.toMatch(/hunter2|at .*\.ts/)
  })

  test.each(['/nowhere', '/toys/1/2', '/Toys/1'])('say 404 at the unknown path %s', async (path) => {
    expect((await call(toys.url + path)).body).toMatchObject({ status: 404, code: 'NOT_FOUND', instance: path })
  })

  test('say 400 to a path that cannot be decoded, and to an id that is too long', async () => {
    expect((await call(`${toys.url}/toys/%zz`)).status).toBe(400)
    expect((await call(`${toys.url}/toys/${'a'.repeat(500)}`)).status).toBe(400)
    expect((await call(`${toys.url}/toys/${'a'.repeat(5000)}`)).status).toBe(400)
  })

  test('say 400 with a pointer to an unknown, repeated or wrong query parameter', async () => {
    for (const query of ['nonsense=1', 'big=true&big=true', 'big=maybe', '__proto__=1']) {
      const answer = await call(`${toys.url}/toys/1?${query}`)
      expect(answer.status, query).toBe(400)
      expect(answer.body.code).toBe('INVALID_QUERY')
      expect(answer.body.errors[0].pointer).toBe(`/${query.split('=')[0]}`)
    }
  })

  test.each([
    ['headers that are too large', `GET / HTTP/1.1\r\nX-Big: ${'x'.repeat(140_000)}\r\n\r\n`, 431, /than 131072 bytes/],
    ['a method that HTTP does not know', 'FETCH /toys HTTP/1.1\r\nHost: x\r\n\r\n', 400, /a method that HTTP knows/],
    ['the beginning of TLS', '\x16\x03\x01\x02\x00\x01', 400, /https is not spoken/],
    ['a broken header', 'GET / HTTP/1.1\r\nno colon\r\n\r\n', 400, /not a complete HTTP request/],
  ])('of HTTP itself are problem details in words of their own: %s', async (_what, bytes, status, words) => {
    const socket = connect(toys.port, '127.0.0.1')
    socket.write(bytes)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*application/problem\\+json`))
    expect(JSON.parse(body)).toMatchObject({ status, code: 'INVALID_ARGS', detail: expect.stringMatching(words) })
  })
})

describe('methods', () => {
  test.each([
    ['/toys', 'GET', 'POST, OPTIONS'],
    ['/toys', 'DELETE', 'POST, OPTIONS'],
    ['/toys', 'PROPFIND', 'POST, OPTIONS'],
    ['/toys/1', 'PUT', 'GET, HEAD, OPTIONS'],
    ['/toys/1', 'TRACE', 'GET, HEAD, OPTIONS'],
    ['/stream', 'HEAD', 'GET, OPTIONS'],
  ])('that are not defined are a 405 with Allow: %s %s', async (path, method, allow) => {
    // fetch forbids some of them
    const socket = connect(toys.port, '127.0.0.1')
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1.1 405 /)
    expect(answer.toLowerCase()).toContain(`allow: ${allow.toLowerCase()}\r\n`)
  })

  test('OPTIONS answers which there are, and no CORS header', async () => {
    const answer = await call(`${toys.url}/toys/1`, 'OPTIONS', undefined, { 'access-control-request-method': 'PUT' })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('HEAD answers like GET, without the body', async () => {
    const answer = await call(`${toys.url}/toys/1`, 'HEAD')
    expect([answer.status, answer.body]).toEqual([200, ''])
    expect(answer.headers.get('content-length')).toBe('11')
  })
})

describe('a slash at the end of a path', () => {
  test.each([
    ['POST', '/toys/', 200],
    ['GET', '/toys/1/?big=true', 200],
    ['HEAD', '/toys/1/', 200],
    ['PUT', '/toys/1/', 405],
    ['OPTIONS', '/toys/', 204],
    ['GET', '/nowhere/', 404],
    ['GET', '/openapi/', 404],
    ['GET', '/docs/', 200],
  ])('makes no difference: %s %s', async (method, path, status) => {
    const body = method === 'POST' ? { name: 'ball' } : undefined
    const [without, withSlash] = await Promise.all(
      [path.replace(/\/(?=\?|$)/, ''), path].map((one) => call(toys.url + one, method, body)),
    )
    expect([withSlash?.status, withSlash?.headers.get('allow')]).toEqual([status, without?.headers.get('allow')])
    if (path !== '/docs/') expect(withSlash?.body).toEqual(without?.body)
  })
})

describe('foreign pages', () => {
  const raw = async (head: string) => {
    const socket = connect(toys.port, '127.0.0.1')
    socket.write(`${head}\r\nConnection: close\r\n\r\n`)
    return text(socket)
  }

  test('that point their own name at this address (DNS rebinding) get a 403', async () => {
    expect(await raw('GET /toys/1 HTTP/1.1\r\nHost: evil.example:8080')).toMatch(/^HTTP\/1.1 403 /)
    expect(await raw(`GET /toys/1 HTTP/1.1\r\nHost: localhost:${toys.port}`)).toMatch(/^HTTP\/1.1 200 /)
  })

  test('cannot write: another Origin is a 403, our own is not', async () => {
    const body = { name: 'a' }
    expect((await call(`${toys.url}/toys`, 'POST', body, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await call(`${toys.url}/toys`, 'POST', body, { origin: 'null' })).status).toBe(403)
    expect((await call(`${toys.url}/toys`, 'POST', body, { origin: toys.url })).status).toBe(200)
  })
})

test('an answer holds what its schema declares and nothing else, and headers that keep browsers careful', async () => {
  const answer = await call(`${toys.url}/toys`, 'POST', { name: 'a' })
  expect(answer.body).toEqual({ ok: true })
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
})

test('Swagger UI comes from this service alone', async () => {
  const page = await call(`${toys.url}/docs`)
  expect(page.status).toBe(200)
  expect(page.body).not.toMatch(/(src|href)="https?:/)
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
})
