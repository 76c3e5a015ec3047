import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { catalogueOf } from '../../src/packages/catalogue.ts'
import { needs } from '../harness/needs.ts'
import { gitWorker } from './git-parts.ts'
import { CONFIG_MAP, makeRepository, type TestRepository } from './git-server.ts'

describe('F22: KPT_CATALOG_URL, KPT_CATALOG_REF and FOCOM_PACKAGE_PATH choose the package', needs('git'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-catalogue-'))
  const packageRoot = join(folder, 'root')
  let repository: TestRepository

  beforeAll(() => {
    for (const name of ['focom-operator', 'elsewhere/focom', 'only-here']) {
      mkdirSync(join(packageRoot, name), { recursive: true })
      writeFileSync(join(packageRoot, name, 'a.yaml'), CONFIG_MAP(`root-${name.replace('/', '-')}`))
    }
    repository = makeRepository(join(folder, 'catalogue'))
    const files = (version: string) => ({
      'focom-operator/a.yaml': CONFIG_MAP(`catalogue-${version}`),
      'nephio/optional/focom-operator/a.yaml': CONFIG_MAP(`nephio-${version}`),
    })
    repository.commit(files('one'), { tag: 'v1' })
    repository.commit(files('two'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The name of the object that a worker with these settings finds in the package. */
  async function found(path: string, env: Record<string, string>) {
    const loaded = loadConfig({ PACKAGE_ROOT: packageRoot, ...env })
    if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
    const worker = gitWorker({ packageRoot: loaded.config.packageRoot, ...catalogueOf(loaded.config) })
    try {
      const run = { reference: 'ran-1', step: 'focom' }
      const { objects, source } = await worker.render({ path, namespace: 'ran', values: {} }, { run })
      // The log of a run that succeeds has no word of failure.
      expect(worker.printed).toEqual([])
      return { object: objects[0]?.metadata.name, source }
    } finally {
      worker.dispose()
    }
  }
  const catalogue = (more: Record<string, string> = {}) => ({ KPT_CATALOG_URL: `file://${repository.folder}`, ...more })

  test('unset, a package comes from under the package root', async () => {
    expect(await found('focom-operator', {})).toEqual({
      object: 'root-focom-operator',
      source: { from: 'package-root', directory: 'focom-operator' },
    })
  })

  test('KPT_CATALOG_URL is where a package given by name is looked up first, at its default branch', async () => {
    const { object, source } = await found('focom-operator', catalogue())
    expect(object).toBe('catalogue-two')
    expect(source).toMatchObject({ from: 'git', ref: 'HEAD', commit: repository.git('rev-parse', 'HEAD') })
    expect((await found('focom-operator', { KPT_CATALOG_URL: repository.folder })).object).toBe('catalogue-two')
  })

  test('KPT_CATALOG_REF says at which tag, branch or commit', async () => {
    const { object, source } = await found('focom-operator', catalogue({ KPT_CATALOG_REF: 'v1' }))
    expect(object).toBe('catalogue-one')
    expect(source).toMatchObject({ ref: 'v1', commit: repository.git('rev-parse', 'v1') })
  })

  test('FOCOM_PACKAGE_PATH says where FoCoM’s package is, in the catalogue or under the package root, and moves no other', async () => {
    const path = { FOCOM_PACKAGE_PATH: 'nephio/optional/focom-operator' }
    expect((await found('focom-operator', catalogue(path))).object).toBe('nephio-two')
    expect((await found('focom-operator', { FOCOM_PACKAGE_PATH: 'elsewhere/focom' })).object).toBe(
      'root-elsewhere-focom',
    )
    expect((await found('only-here', { FOCOM_PACKAGE_PATH: 'elsewhere/focom' })).object).toBe('root-only-here')
  })

  test('a name may be written with ./ before or / behind it; the top of the catalogue is no package', async () => {
    const path = { FOCOM_PACKAGE_PATH: 'nephio/optional/focom-operator' }
    expect((await found('./focom-operator/', catalogue(path))).object).toBe('nephio-two')
    await expect(found('.', catalogue())).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('is where all packages lie'),
    })
  })

  test('what the catalogue does not have is one of ours; what neither has is refused with both', async () => {
    expect(await found('only-here', catalogue())).toMatchObject({
      object: 'root-only-here',
      source: { from: 'package-root' },
    })
    await expect(found('nowhere', catalogue())).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringMatching(
        /does not exist under the package root; the catalogue file:.* has no such folder at HEAD/,
      ),
    })
  })

  test('a catalogue that cannot be read is not passed over', async () => {
    await expect(found('only-here', catalogue({ KPT_CATALOG_REF: 'v9' }))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('has no tag and no branch "v9"'),
    })
    await expect(found('only-here', { KPT_CATALOG_URL: 'http://127.0.0.1:9/x' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
  })

  test.each([
    [{ KPT_CATALOG_URL: 'ext::sh -c x' }, 'KPT_CATALOG_URL: repository must be'],
    [{ KPT_CATALOG_URL: 'https://user:hidden@host/x' }, 'KPT_CATALOG_URL: repository must hold no user name'],
    [{ KPT_CATALOG_URL: 'https://host/x', KPT_CATALOG_REF: '--x' }, 'KPT_CATALOG_REF: ref must be'],
    [{ KPT_CATALOG_REF: 'v1' }, 'KPT_CATALOG_REF: says nothing without KPT_CATALOG_URL'],
    [{ KPT_CATALOG_CREDENTIAL: 'x' }, 'KPT_CATALOG_CREDENTIAL: says nothing without KPT_CATALOG_URL'],
    [{ FOCOM_PACKAGE_PATH: '../x' }, 'FOCOM_PACKAGE_PATH: directory must be'],
    [{ PACKAGE_CACHE_MB: '0' }, 'PACKAGE_CACHE_MB: must be a whole number'],
  ])('bad values stop the start: %j', (env, message) => {
    const loaded = loadConfig(env)
    expect(loaded).toMatchObject({ ok: false, errors: [expect.stringContaining(message)] })
    expect(JSON.stringify(loaded)).not.toContain('hidden')
  })
})
