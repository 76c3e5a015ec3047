import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../src/errors.ts'
import { answerError } from '../src/http/plugins/errors.ts'
import { createLogger, createTee } from '../src/log.ts'

const SECRET = 'pw-of-the-test'

/** The text and the lines that are logged. */
function logged(write: (log: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = []
  write(createLogger('info', { write: (line) => void lines.push(line) }))
  return { text: lines.join(''), lines: lines.map((line) => JSON.parse(line)) }
}

const withSecret = (message: string) => Object.assign(new Error(message), { token: SECRET })

describe('the values of secret fields stay out of what', () => {
  it('is deep within a line, also in lists of lists', () => {
    const { text, lines } = logged((log) =>
      log.info({ a: { b: { c: { token: SECRET, d: { password: SECRET, n: 1 } } } }, list: [[{ kubeconfig: SECRET }]] }),
    )
    expect(lines[0]).toMatchObject({
      a: { b: { c: { token: '[secret]', d: { password: '[secret]', n: 1 } } } },
      list: [[{ kubeconfig: '[secret]' }]],
    })
    expect(text).not.toContain(SECRET)
  })

  it.each([
    'Authorization',
    'clientSecret',
    'client_secret',
    'secret',
    'privateKey',
    'private-key',
    'client-key-data',
    'accessToken',
    'Set-Cookie',
    'API_KEY',
    'stringData',
    'PASSWORD',
  ])('is named %s, at any depth', (name) => {
    const { text } = logged((log) => {
      log.info({ [name]: SECRET, within: { [name]: { x: SECRET } } }, 'said')
      log.child({ [name]: SECRET }).info('said')
    })
    expect(text).not.toContain(SECRET)
  })

  it.each(['secretName', 'tokens', 'path', 'keys', 'sealedAt'])('is not secret: %s is shown', (name) => {
    expect(logged((log) => log.info({ [name]: 'shown' })).lines[0]).toMatchObject({ [name]: 'shown' })
  })

  it('a child, a grandchild, setBindings and a tee add to every line', () => {
    const bindings = { ocloud: { name: 'n', token: SECRET, deeper: [{ password: SECRET }] } }
    const { text, lines } = logged((log) => {
      log.child(bindings).info('child')
      log.child({ step: 's' }).child(bindings, { level: 'info' }).info('grandchild')
      const bound = log.child({})
      bound.setBindings(bindings)
      bound.info('bound')
      const own: string[] = []
      createTee(log)(bindings, (line) => void own.push(line)).info('tee')
      expect(own).toHaveLength(1)
      expect(own.join('')).not.toContain(SECRET)
    })
    const masked = { ocloud: { name: 'n', token: '[secret]', deeper: [{ password: '[secret]' }] } }
    expect(lines.map(({ msg }) => msg)).toEqual(['child', 'grandchild', 'bound', 'tee'])
    for (const line of lines) expect(line).toMatchObject(masked)
    expect(text).not.toContain(SECRET)
  })

  it('errors hold, whatever they are called and wherever they are', () => {
    const { text, lines } = logged((log) =>
      log.error({
        error: withSecret('one'),
        list: [withSecret('two')],
        err: new Error('three', { cause: new Error('four', { cause: withSecret('five') }) }),
        all: new AggregateError([withSecret('six')], 'seven'),
        asked: Object.assign(new Error('eight'), { request: { headers: { authorization: SECRET, host: 'h' } } }),
      }),
    )
    expect(lines[0]).toMatchObject({
      error: { type: 'Error', message: 'one', stack: expect.stringContaining('one'), token: '[secret]' },
      list: [{ message: 'two', token: '[secret]' }],
      err: { message: 'three', cause: { message: 'four', cause: { message: 'five', token: '[secret]' } } },
      all: { type: 'AggregateError', message: 'seven', errors: [{ message: 'six', token: '[secret]' }] },
      asked: { request: { headers: { authorization: '[secret]', host: 'h' } } },
    })
    expect(text).not.toContain(SECRET)
  })

  it('is written into the text of a line', () => {
    const { text, lines } = logged((log) => {
      log.info('said %j', { token: SECRET, n: 1 })
      log.info({ a: 1 }, 'said %o', { in: [{ password: SECRET }] })
    })
    expect(lines.map(({ msg }) => msg)).toEqual([
      'said {"token":"[secret]","n":1}',
      expect.stringContaining('[secret]'),
    ])
    expect(text).not.toContain(SECRET)
  })

  it('says itself how it is written', () => {
    const itself = { token: SECRET, toJSON: () => itself }
    const { text } = logged((log) => log.info({ itself, other: { toJSON: () => ({ token: SECRET }) } }, 'said'))
    expect(text).toContain('[secret]')
    expect(text).not.toContain(SECRET)
  })
})

describe('what a failed command was given is not logged', () => {
  const refused = () =>
    Object.assign(new Error('WRONGTYPE'), { code: 'E', command: { name: 'evalsha', args: [`{"sealed":"${SECRET}"}`] } })

  it('at any depth', () => {
    const { text, lines } = logged((log) =>
      log.error({ err: new Error('broke', { cause: refused() }), list: [refused()] }),
    )
    expect(lines[0]).toMatchObject({ err: { cause: { message: 'WRONGTYPE', code: 'E' } }, list: [{ code: 'E' }] })
    expect(text).not.toMatch(/evalsha|pw-of-the-test/)
  })

  it('also when a request fails with it', async () => {
    const lines: string[] = []
    const app = Fastify({ loggerInstance: createLogger('error', { write: (line) => void lines.push(line) }) })
    app.setErrorHandler(answerError)
    app.get('/', async () => {
      throw new ServiceError('INTERNAL', 'Redis refused a command', { cause: refused() })
    })
    expect((await app.inject('/')).statusCode).toBe(500)
    await app.close()
    expect(JSON.parse(lines.join(''))).toMatchObject({
      msg: 'unexpected error',
      err: { type: 'Error', message: 'WRONGTYPE' },
    })
    expect(lines.join('')).not.toMatch(/evalsha|pw-of-the-test/)
  })
})

describe('a line is written, whatever it is given', () => {
  const boom = () => {
    throw new Error('boom')
  }
  const proxy = Proxy.revocable({}, {})
  proxy.revoke()

  it.each([
    ['a toJSON that throws', { m: { toJSON: boom }, kept: 1 }, { m: '[unreadable]', kept: 1 }],
    [
      'a getter that throws, within',
      {
        m: {
          get a() {
            return boom()
          },
        },
        kept: 1,
      },
      { m: '[unreadable]', kept: 1 },
    ],
    [
      'a getter that throws',
      {
        get a() {
          return boom()
        },
      },
      { fields: '[unreadable]' },
    ],
    ['a proxy that is no more', { m: proxy.proxy, kept: 1 }, { m: '[unreadable]', kept: 1 }],
    [
      'an error with a getter that throws',
      { err: Object.defineProperty(new Error('e'), 'cause', { get: boom }) },
      { err: '[unreadable]' },
    ],
    ['a large number', { m: { n: 10n }, kept: 1 }, { kept: 1 }],
    ['bytes', { m: Buffer.from('abc') }, { m: '[3 bytes]' }],
  ])('%s', (_what, fields, shown) => {
    const { lines } = logged((log) => {
      log.info(fields, 'said')
      log.child(fields).info('said')
    })
    expect(lines).toMatchObject([
      { msg: 'said', ...shown },
      { msg: 'said', ...shown },
    ])
  })

  it('circles end, the same object twice is none', () => {
    const inner: Record<string, unknown> = { n: 1 }
    const circle: Record<string, unknown> = { inner, again: inner }
    inner.back = circle
    const broke = new Error('broke')
    broke.cause = broke
    const { lines } = logged((log) => log.info({ circle, err: broke }, 'said'))
    const shown = { n: 1, back: '[circular]' }
    expect(lines[0]).toMatchObject({
      circle: { inner: shown, again: shown },
      err: { message: 'broke', cause: '[circular]' },
    })
  })

  it('what is very deep, or very much, is left out', () => {
    let deep: Record<string, unknown> = { token: SECRET }
    for (let at = 0; at < 1000; at++) deep = { deep }
    const many = Array.from({ length: 5000 }, (_, n) => ({ n, token: SECRET }))
    const { text, lines } = logged((log) => log.info({ deep, many }, 'said'))
    expect(text).toContain('"[deep]"')
    expect(lines[0].many.at(0)).toEqual({ n: 0, token: '[secret]' })
    expect(lines[0].many.at(-1)).toBe('[more]')
    expect(text).not.toContain(SECRET)
  })
})
