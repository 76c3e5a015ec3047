import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { freePorts } from '../harness/children.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { startServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

const HOOK = fileURLToPath(new URL('../harness/processes/loaded-modules.ts', import.meta.url))

describe('a service', needs('redis'), () => {
  const undo: (() => unknown)[] = []
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step()
  })

  /** The packages that a service with these settings has loaded of OpenTelemetry once a request is FULFILLED, and the service. */
  async function started(env: Record<string, string>) {
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-loaded-'))
    undo.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'modules')
    const server = await startServer({ env: { ...env, NODE_OPTIONS: `--import ${HOOK}`, LOADED_MODULES: file } })
    undo.push(server.dispose)
    const body = requestFor('r', 'kpt-workload', { oCloud: 'sim-edge-1' })
    expect((await call(`${server.url}/o2ims/v1/provisioningRequests`, 'POST', body)).status).toBe(201)
    const ended = await toTheEnd(server.url, 'r')
    expect(ended.body.status.provisioningPhase).toBe('FULFILLED')
    const loaded = existsSync(file) ? readFileSync(file, 'utf8').matchAll(/@opentelemetry\/([^/]+)/g) : []
    return { server, packages: [...new Set([...loaded].map(([, name]) => name))].sort() }
  }

  it.each([
    ['no endpoint', {}],
    [
      'an endpoint and OTEL_TRACES_EXPORTER=none',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' },
    ],
  ])('with %s has loaded nothing of OpenTelemetry but its API, which does nothing', async (_what, env) => {
    const { server, packages } = await started(env)
    expect(packages).toEqual(['api'])
    expect(server.output()).not.toContain('trace_id')
  })

  it('whose receiver is away works all the same, says so once, and stops', async () => {
    const [port] = await freePorts(1)
    const { server, packages } = await started({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
    expect(packages).toContain('sdk-trace')
    const told = () => server.output().split('traces cannot be delivered').length - 1
    await eventually(() => expect(told()).toBe(1), 60_000)
    expect((await server.stop()).code).toBe(0)
    expect(told()).toBe(1)
  })
})
