import { describe, expect, it } from 'vitest'
import { createLogger, createTee } from '../src/log.ts'

function linesOf(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = []
  write(createLogger('info', { write: (line) => void lines.push(line) }))
  return lines.map((line) => JSON.parse(line))
}

describe('a log line', () => {
  it('holds no value of a secret field: of its own, and one and two levels below, in lists as well', () => {
    const secret = { password: 'pw-1', name: 'n' }
    const [line] = linesOf((log) =>
      log.info(
        { token: 'pw-1', one: secret, list: [secret, 'x', null], two: { deep: { kubeconfig: 'pw-1', at: 1 } } },
        'said',
      ),
    )
    expect(line).toMatchObject({
      msg: 'said',
      token: '[secret]',
      one: { password: '[secret]', name: 'n' },
      list: [{ password: '[secret]', name: 'n' }, 'x', null],
      two: { deep: { kubeconfig: '[secret]', at: 1 } },
    })
    expect(JSON.stringify(line)).not.toContain('pw-1')
  })

  it('nor of what a child adds, nor of an error', () => {
    const lines = linesOf((log) => {
      const child = log.child({ sealed: 'pw-2', step: 'apply' })
      child.error({ err: Object.assign(new Error('broke'), { stringData: { a: 'pw-2' }, code: 'E' }) }, 'failed')
      child.error(Object.assign(new Error('broke too'), { token: 'pw-2' }))
    })
    expect(lines[0]).toMatchObject({ sealed: '[secret]', step: 'apply' })
    expect(lines[0]).toMatchObject({ err: { message: 'broke', code: 'E', stringData: '[secret]' } })
    expect(lines[1]).toMatchObject({ msg: 'broke too', err: { message: 'broke too', token: '[secret]' } })
    expect(JSON.stringify(lines)).not.toContain('pw-2')
  })

  it('of a tee neither, on both ways', () => {
    const both: string[] = []
    const keep = (line: string) => void both.push(line)
    createTee(createLogger('info', { write: keep }))({ run: 1 }, keep).info({ a: { password: 'pw-3' } }, 'said')
    expect(both).toHaveLength(2)
    for (const line of both) expect(JSON.parse(line)).toMatchObject({ run: 1, a: { password: '[secret]' } })
  })

  it('leaves dates and what says how it is written as they are', () => {
    const at = new Date(0)
    expect(linesOf((log) => log.info({ at, url: new URL('http://a/'), list: [at] }, 'said'))[0]).toMatchObject({
      at: at.toISOString(),
      url: 'http://a/',
      list: [at.toISOString()],
    })
  })
})
