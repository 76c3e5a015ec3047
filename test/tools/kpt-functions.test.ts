import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { createRenderFunctions } from '../../src/tools/kpt-functions.ts'

const folder = mkdtempSync(join(tmpdir(), 'o2ims-kpt-functions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function tool(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o700)
}

test('what kpt said is told, also when its containers cannot be removed; that is logged', async () => {
  const failed = join(folder, 'failed')
  tool('kpt', `touch ${failed}; echo no antenna is named >&2; exit 1`)
  // Says more than is read, and so fails the call, once kpt has failed.
  tool('docker', `if [ "$1" = version ]; then echo 1; elif [ -e ${failed} ]; then head -c 9000000 /dev/zero; fi`)
  let logged = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged += chunk
      done()
    },
  })
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` }
  const render = createRenderFunctions({ children: createChildProcesses({ env }), runDir: folder, log: pino(sink) })
  await expect(render([{ path: 'Kptfile', text: 'x' }], {})).rejects.toMatchObject({
    code: 'PREFLIGHT_FAILED',
    message: 'kpt fn render failed: no antenna is named',
  })
  expect(logged).toContain('containers of package functions could not be removed')
  expect(logged).toContain('docker wrote more than')
})
