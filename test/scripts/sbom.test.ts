import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bill, readBill } from '../ship/bill-of-materials.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'o2ims-sbom-'))
let bill: Bill

beforeAll(() => {
  const env = { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' }
  execFileSync('make', ['sbom', `ARGS=${folder}`], { cwd: ROOT, env, timeout: 60_000, stdio: 'ignore' })
  bill = readBill(folder, 'worker')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('make sbom names every package that runs, those that are needed for development as well among them', () => {
  const named = bill.components.map(({ name, version }) => `${name}@${version}`)
  for (const [name, version] of Object.entries(dependencies)) expect(named).toContain(`${name}@${version}`)
  // Of ajv, fastify and others.
  for (const name of ['fast-deep-equal', 'json-schema-traverse']) expect(named.join()).toContain(`${name}@`)
})

test('and none that is of use to development only', () => {
  const names = bill.components.filter(({ purl }) => purl?.startsWith('pkg:npm/')).map(({ name }) => name)
  for (const name of Object.keys(devDependencies)) if (name !== '@types/node') expect(names).not.toContain(name)
})

test('it names the tools of the worker as Dockerfile has them, and says what needs what', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  for (const tool of ['kind', 'kubectl', 'kpt']) {
    const version = bill.components.find(({ name }) => name === tool)?.version
    expect(dockerfile).toContain(`ARG ${tool.toUpperCase()}_VERSION=${version}`)
  }
  const refs = new Set([bill.metadata.component['bom-ref'], ...bill.components.map((one) => one['bom-ref'])])
  expect(refs.size).toBe(bill.components.length + 1)
  for (const { ref, dependsOn } of bill.dependencies) for (const one of [ref, ...dependsOn]) expect(refs).toContain(one)
  const fastify = bill.dependencies.find(({ ref }) => ref === `pkg:npm/fastify@${dependencies.fastify}`)
  expect(fastify?.dependsOn.join()).toContain('pkg:npm/find-my-way@')
})
