import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { STEPS } from '../../../src/provisioning/steps/registry.ts'
import { createTemplateCatalogue } from '../../../src/provisioning/templates/catalogue.ts'
import { loadTemplateSamples } from '../../../src/provisioning/templates/load-samples.ts'
import { renderInputs } from '../../../src/provisioning/templates/references.ts'
import { readSampleFiles } from '../../../src/sample-files.ts'
import type { Store } from '../../../src/store/store.ts'
import { needs } from '../../harness/needs.ts'
import { SAMPLES, sampleWorlds } from '../../harness/samples.ts'

const TEMPLATES = join(SAMPLES, 'templates')

describe('the sample templates', needs('redis'), () => {
  const { now, log, warnings } = sampleWorlds()

  const catalogueOn = (store: Store) =>
    createTemplateCatalogue({
      store,
      stepRegistry: STEPS,
      resolveOCloud: async (name) => (name.startsWith('id-of-') ? name : `id-of-${name}`),
      listOClouds: async () => sampleOClouds,
      log,
    })
  const filesIn = async (store: Store) => {
    const { items } = await catalogueOn(store).list({ limit: 100 })
    return items.map(({ value }) => `${value.name}-${value.version}.yaml`).sort()
  }

  test('are all published, by several processes at once, without a word', async () => {
    const { store, another } = now()
    const others = await Promise.all([another(), another()])
    const load = (each: Store) => loadTemplateSamples({ catalogue: catalogueOn(each), directory: TEMPLATES, log })
    try {
      await Promise.all([store, ...others].map(load))
      await load(store)
    } finally {
      await Promise.all(others.map((other) => other.close()))
    }
    const files = await filesIn(store)
    expect(files).toEqual((await readdir(TEMPLATES)).sort())
    expect(files).toContain('kpt-workload-1.0.0.yaml')
    expect(warnings()).toEqual([])
  })

  test('take every sample request, and their steps take what comes of it', async () => {
    const catalogue = catalogueOn(now().store)
    await loadTemplateSamples({ catalogue, directory: TEMPLATES, log })
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
    const catalogue = catalogueOn(now().store)
    await loadTemplateSamples({ catalogue, directory: TEMPLATES, log })
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
    const { store, directory, write } = now()
    const catalogue = catalogueOn(store)
    const name = 'kind-cluster-1.0.0.yaml'
    const template = parse(await readFile(join(TEMPLATES, name), 'utf8'))
    await catalogue.publish({ ...template, description: 'as it was' })
    await write(name, stringify(template))
    await loadTemplateSamples({ catalogue, directory, log })
    expect(warnings()).toMatchObject([{ file: name, msg: expect.stringContaining('differs') }])
    expect((await catalogue.get('kind-cluster', '1.0.0')).value.description).toBe('as it was')
  })

  test('files that are no templates are warnings, and the others are loaded', async () => {
    const { store, directory, write } = now()
    await write('a.yaml', 'name: [')
    await write('b.yaml', 'name: only-a-name')
    await write('c.yaml', stringify({ ...minimal, steps: [{ name: 'x', uses: 'shell' }] }))
    await write('d.yaml', stringify(minimal))
    await write('README.md', 'nothing')
    await loadTemplateSamples({ catalogue: catalogueOn(store), directory, log })
    expect(warnings().map(({ file }) => file)).toEqual(['a.yaml', 'b.yaml', 'c.yaml'])
    expect(await filesIn(store)).toEqual(['minimal-1.0.0.yaml'])
  })

  test('a folder that is not there holds none', async () => {
    const { store, directory } = now()
    await loadTemplateSamples({ catalogue: catalogueOn(store), directory: join(directory, 'none'), log })
    expect(await filesIn(store)).toEqual([])
  })
})

const sampleOClouds = readdirSync(join(SAMPLES, 'oclouds')).map((file) => {
  const { name, labels } = parse(readFileSync(join(SAMPLES, 'oclouds', file), 'utf8'))
  return { oCloudId: `id-of-${name}`, name, labels }
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
