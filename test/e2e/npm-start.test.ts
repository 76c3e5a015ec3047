import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePorts } from '../harness/children.ts'
import { needs } from '../harness/needs.ts'

const answers = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    ({ status }) => status,
    () => 'nobody',
  )

test('SIGTERM to npm start stops the service itself within 5 seconds', needs('redis'), async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'o2ims-npm-start-'))
  const [port = 0] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const npm = spawn('npm', ['start'], {
    cwd: join(import.meta.dirname, '..', '..'),
    env: { ...process.env, PORT: String(port), DATA_DIR: dataDir },
    stdio: 'ignore',
    detached: true,
  })
  const exited = once(npm, 'exit')
  try {
    await expect.poll(() => answers(`${url}/readyz`), { timeout: 20_000 }).toBe(200)
    const began = performance.now()
    npm.kill('SIGTERM')
    await exited
    expect(await answers(`${url}/healthz`)).toBe('nobody')
    expect(performance.now() - began).toBeLessThan(5_000)
  } finally {
    if (npm.pid !== undefined && (await answers(`${url}/healthz`)) !== 'nobody') process.kill(-npm.pid, 'SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  }
})
