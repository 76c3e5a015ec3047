import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { needs } from './harness/needs.ts'
import { startRedis } from './harness/redis.ts'
import { startServer } from './harness/server.ts'

const HOOK = fileURLToPath(new URL('./harness/processes/loaded-modules.ts', import.meta.url))

/** What nobody needs who waits: memory and a longer start for nothing. */
const ON_DEMAND = [
  'node_modules/undici/',
  'node_modules/execa/',
  'node_modules/@fastify/swagger/',
  'node_modules/@fastify/swagger-ui/',
  'node_modules/@fastify/static/',
  'node_modules/@opentelemetry/sdk-trace/',
  'node_modules/eventsource-parser/',
  'src/cli/program.ts',
  'src/validation/',
]

describe('an idle service', needs('redis'), () => {
  const undo: (() => unknown)[] = []
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step()
  })

  /** A service that is ready, and what it has loaded by now. */
  async function started(roles: 'api' | 'worker' | 'api,worker') {
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-loaded-'))
    undo.push(() => rmSync(folder, { recursive: true, force: true }))
    const redis = await startRedis()
    undo.push(() => redis.stop())
    const file = join(folder, 'modules')
    const env = { NODE_OPTIONS: `--import ${HOOK}`, LOADED_MODULES: file }
    const server = await startServer({ roles, redisUrl: redis.url, env })
    undo.push(server.dispose)
    const loaded = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [])
    const has = (part: string) => loaded().some((url) => url.includes(part))
    return { url: server.url, loaded, has }
  }

  it.each([
    ['api', 'src/app.ts', ['src/worker.ts', 'src/worker-app.ts', 'src/tools/kpt.ts']],
    ['worker', 'src/worker.ts', ['src/app.ts', 'src/provisioning/routes.ts', 'node_modules/fastify/']],
    ['api,worker', 'src/app.ts', []],
  ] as const)(
    'with the roles %s has loaded %s, and nothing that waits for its first use',
    async (roles, own, foreign) => {
      const { loaded, has } = await started(roles)
      expect(has(own)).toBe(true)
      expect([...ON_DEMAND, ...foreign].filter(has)).toEqual([])
      // The readers of kubeconfigs: the package as a whole is 85 MB
      const client = loaded().filter((url) => url.includes('/@kubernetes/client-node/'))
      expect(client.filter((url) => !url.endsWith('/dist/config_types.js'))).toEqual([])
    },
  )

  it('loads Swagger UI when somebody looks at it', async () => {
    const { url, has } = await started('api')
    expect((await fetch(`${url}/docs/`, { signal: AbortSignal.timeout(20_000) })).status).toBe(200)
    await eventually(() => expect(has('node_modules/@fastify/swagger-ui/')).toBe(true))
  })
})
