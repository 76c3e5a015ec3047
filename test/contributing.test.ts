import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { frontDoorRequestSchema } from '../src/provisioning/schema.ts'
import { STEPS } from '../src/provisioning/steps/registry.ts'
import { checkTemplate } from '../src/provisioning/templates/publishing.ts'
import { templateSchema } from '../src/provisioning/templates/schema.ts'

/** CONTRIBUTING shows a step, a template, a request and a test. Here they are written to a folder of their own, and used. */
const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8')
const [step = '', template = '', request = '', itsTest = ''] = [...page.matchAll(/```(?:ts|yaml)\n(.*?)```/gs)].map(
  ([, text]) => text,
)

const folder = mkdtempSync(join(tmpdir(), 'o2ims-contributing-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const STEP = 'src/provisioning/steps/namespace-quota.ts'
const TEST = 'test/provisioning/steps/namespace-quota.test.ts'
const stepFile = put(STEP, 'step.ts', step)

/** As if it stood at `path`, where what it imports is found. */
function put(path: string, name: string, text: string): string {
  const file = join(folder, name)
  const found = (from: string) => {
    const target = resolve(ROOT, dirname(path), from)
    return target === join(ROOT, STEP) ? stepFile : target
  }
  writeFileSync(
    file,
    text
      .replaceAll(/from '(\.[^']*)'/g, (_, from) => `from '${found(from)}'`)
      .replaceAll(/from '(\w+)'/g, (_, from) => `from '${import.meta.resolve(from)}'`),
  )
  return file
}

test('the template of CONTRIBUTING can be published with its step, and the request names a step of it', async () => {
  const { namespaceQuota } = await import(stepFile)
  const sound = templateSchema.parse(parse(template))
  checkTemplate(sound, new Map([...STEPS, [namespaceQuota.uses, namespaceQuota]]))
  const { templateName, templateVersion, options } = frontDoorRequestSchema.parse(parse(request))
  expect([templateName, templateVersion]).toEqual([sound.name, sound.version])
  const names = sound.steps.map(({ name }) => name)
  expect(names.indexOf(options?.simulation?.failAt ?? '')).toBeGreaterThan(names.indexOf('quota'))
})

// The test that the page shows registers itself.
await import(put(TEST, 'step.test.ts', itsTest))
