import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { JsonObject } from '../../../src/json.ts'
import { STEPS } from '../../../src/provisioning/steps/registry.ts'
import { createTemplateCatalogue } from '../../../src/provisioning/templates/catalogue.ts'
import { loadTemplateSamples } from '../../../src/provisioning/templates/load-samples.ts'
import { renderInputs } from '../../../src/provisioning/templates/references.ts'
import { readSampleFiles } from '../../../src/sample-files.ts'
import type { Store } from '../../../src/store/store.ts'
import { needs } from '../../harness/needs.ts'
import { createTestStore, type TestStore } from '../../harness/redis.ts'

const SAMPLES = join(import.meta.dirname, '../../../samples')

describe('the sample templates', needs('redis'), () => {
  let redis: TestStore
  let directory: string
  let logged: JsonObject[]
  const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line)) })

  beforeEach(async () => {
    logged = []
    directory = await mkdtemp(join(tmpdir(), 'o2ims-samples-'))
    redis = await createTestStore()
  })
  afterEach(async () => {
    await redis.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const catalogueOn = (store: Store) =>
    createTemplateCatalogue({ store, stepRegistry: STEPS, resolveOCloud: async (name) => `id-of-${name}`, log })
  const namesIn = async (store: Store) => {
    const { items } = await catalogueOn(store).list({ limit: 10 })
    return items.map(({ value }) => `${value.name} ${value.version}`)
  }

  test('are all published, by several processes at once, without a word', async () => {
    const others = await Promise.all([redis.another(), redis.another()])
    try {
      const stores = [redis.store, ...others]
      await Promise.all(
        stores.map((store) =>
          loadTemplateSamples({ catalogue: catalogueOn(store), directory: join(SAMPLES, 'templates'), log }),
        ),
      )
      await loadTemplateSamples({ catalogue: catalogueOn(redis.store), directory: join(SAMPLES, 'templates'), log })
    } finally {
      await Promise.all(others.map((store) => store.close()))
    }
    expect((await namesIn(redis.store)).sort()).toEqual([
      'kind-cluster 1.0.0',
      'kind-workload 1.0.0',
      'kpt-workload 1.0.0',
    ])
    expect(logged).toEqual([])
  })

  test('take every sample request, and their steps take what comes of it', async () => {
    const catalogue = catalogueOn(redis.store)
    await loadTemplateSamples({ catalogue, directory: join(SAMPLES, 'templates'), log })
    const requests = await readSampleFiles(join(SAMPLES, 'requests'))
    expect(requests.length).toBeGreaterThanOrEqual(4)
    for (const { file } of requests) {
      const { templateName, templateVersion, templateParameters } = parse(
        await readFile(join(SAMPLES, 'requests', file), 'utf8'),
      )
      const template = await catalogue.find(templateName, templateVersion)
      const { parameters } = await catalogue.accept(template, templateParameters)
      for (const step of template.steps) {
        const inputs = renderInputs(step.with ?? {}, { parameters, steps: {}, unknown: '(later)' })
        expect([file, step.name, STEPS.get(step.uses)?.inputs.safeParse(inputs).error]).toEqual([
          file,
          step.name,
          undefined,
        ])
      }
    }
  })

  test('refuse a cluster name with shell characters', async () => {
    const catalogue = catalogueOn(redis.store)
    await loadTemplateSamples({ catalogue, directory: join(SAMPLES, 'templates'), log })
    for (const name of ['kind-cluster', 'kind-workload']) {
      const template = await catalogue.find(name, '1.0.0')
      for (const clusterName of ['x; reboot', '$(id)', '-x', 'a'.repeat(51), '../x', 'x\n']) {
        await expect(catalogue.accept(template, { clusterName })).rejects.toMatchObject({
          fields: [{ pointer: '/templateParameters/clusterName' }],
        })
      }
    }
  })

  test('a sample that differs from what is stored is a warning, and the stored one stays', async () => {
    const catalogue = catalogueOn(redis.store)
    const name = 'kind-cluster-1.0.0.yaml'
    const template = parse(await readFile(join(SAMPLES, 'templates', name), 'utf8'))
    await catalogue.publish({ ...template, description: 'as it was' })
    await writeFile(join(directory, name), stringify(template))
    await loadTemplateSamples({ catalogue, directory, log })
    expect(logged).toMatchObject([{ file: name, msg: expect.stringContaining('differs') }])
    expect((await catalogue.get('kind-cluster', '1.0.0')).value.description).toBe('as it was')
  })

  test('files that are no templates are warnings, and the others are loaded', async () => {
    await writeFile(join(directory, 'a.yaml'), 'name: [')
    await writeFile(join(directory, 'b.yaml'), 'name: only-a-name')
    await writeFile(join(directory, 'c.yaml'), stringify({ ...minimal, steps: [{ name: 'x', uses: 'shell' }] }))
    await writeFile(join(directory, 'd.yaml'), stringify(minimal))
    await writeFile(join(directory, 'README.md'), 'nothing')
    await loadTemplateSamples({ catalogue: catalogueOn(redis.store), directory, log })
    expect(logged.map(({ file }) => file)).toEqual(['a.yaml', 'b.yaml', 'c.yaml'])
    expect(await namesIn(redis.store)).toEqual(['minimal 1.0.0'])
  })

  test('a folder that is not there holds none', async () => {
    await loadTemplateSamples({ catalogue: catalogueOn(redis.store), directory: join(directory, 'none'), log })
    expect(await namesIn(redis.store)).toEqual([])
  })
})

const minimal = {
  name: 'minimal',
  version: '1.0.0',
  description: '',
  result: 'resources',
  timeoutSeconds: 60,
  parameterSchema: { type: 'object', additionalProperties: false },
  steps: [{ name: 'report', uses: 'report' }],
}
