import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'

const README = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')
const PRINTED_SERVER = 'http://127.0.0.1:8080'

interface Exchange {
  command: string
  output: string
}

/** The lines after `$ ` are commands, and go on where they are indented; what follows is what they printed. */
function session(): Exchange[] {
  const blocks = README.matchAll(/<!-- session -->\n```console\n([\s\S]*?)```\n<!-- end of session -->/g)
  return [...blocks]
    .map(([, block]) => block)
    .join('')
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const lines = text.split('\n')
      const end = lines.findIndex((line, index) => index > 0 && !line.startsWith('    '))
      return { command: lines.slice(0, end).join('\n'), output: lines.slice(end).join('\n').trim() }
    })
}

/** Takes away what differs from run to run: ids of ours and times. */
function steady(output: string): string {
  return output
    .trim()
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b\d+\.\d s\b/g, 'SECONDS')
}

/** The steps that ended, in order, and how the stream ended: how often a step tells its progress may differ. */
function milestones(events: string): string[] {
  return [...events.matchAll(/"step":"(\w+)","state":"(SUCCEEDED|FAILED)"|^event: end\n(data: .*)$/gm)].map(
    ([, step, state, end]) => end ?? `${step} ${state}`,
  )
}

describe("the README's sessions with curl", needs('redis'), () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.dispose())

  test('print what the README says, command by command', () => {
    const exchanges = session()
    expect(exchanges.length).toBeGreaterThan(10)
    for (const { command, output } of exchanges) {
      const here = command.replaceAll(PRINTED_SERVER, server.url)
      const { stdout } = spawnSync('/bin/sh', ['-c', here], { encoding: 'utf8', timeout: 60_000 })
      if (command.includes('/events')) {
        expect(milestones(output)).toHaveLength(5)
        expect(milestones(stdout)).toEqual(milestones(output))
      } else expect({ command, printed: steady(stdout) }).toEqual({ command, printed: steady(output) })
    }
  })
})
