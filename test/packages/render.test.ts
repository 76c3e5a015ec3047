// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of kpt
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { PACKAGE_LIMITS } from '../../src/packages/package-reader.ts'
import { createPackageRenderer } from '../../src/packages/render.ts'
import { limitsOf, requestsOf } from '../../src/packages/requests.ts'

const folder = mkdtempSync(join(tmpdir(), 'o2ims-packages-'))
const packageRoot = join(folder, 'root')
const render = createPackageRenderer({ packageRoot })
const source = (path: string, values: JsonObject = {}) => ({ path, namespace: 'ran', values })

/** Writes a package; a file's path may name folders. */
function write(name: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = join(packageRoot, name, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return name
}

const CONFIG = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: b # kpt-set: ${a}\n'

beforeAll(() => {
  write('ok', { 'c.yaml': CONFIG })
  symlinkSync('.', join(packageRoot, 'self'))
  mkdirSync(join(folder, 'outside'))
  writeFileSync(join(folder, 'outside', 'secret.yaml'), CONFIG)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a package', () => {
  test('is rendered with values, the namespace where none is named, and in the order of its files', async () => {
    write('many', {
      Kptfile: 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: called-so\n',
      'b.yaml': `${CONFIG}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: n\n`,
      'a/x.yml':
        'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: s, namespace: own}\n',
      'README.md': 'no: [yaml',
      '.hidden/x.yaml': 'no: [yaml',
    })
    const rendered = await render(source('many', { a: 'new' }))
    expect(rendered.name).toBe('called-so')
    expect(rendered.objects.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
      ['Secret', 'own'],
      ['ConfigMap', 'ran'],
      ['Namespace', undefined],
    ])
    expect(rendered.objects[1]?.data).toEqual({ a: 'new' })
  })

  test('leaves out local configuration and inventories', async () => {
    const local = CONFIG.replace('name: c', 'name: l\n  annotations: {config.kubernetes.io/local-config: "true"}')
    const group = 'apiVersion: kpt.dev/v1alpha1\nkind: ResourceGroup\nmetadata: {name: g}\n'
    write('local', { 'a.yaml': `${CONFIG}---\n${local}---\n${group}` })
    expect((await render(source('local'))).objects.map((object) => object.metadata.name)).toEqual(['c'])
  })

  test('knows from its own definitions which custom kinds live in no namespace', async () => {
    const definition = (kind: string, scope: string) =>
      `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ${kind}}\nspec: {group: x.dev, scope: ${scope}, names: {kind: ${kind}}}\n---\napiVersion: x.dev/v1\nkind: ${kind}\nmetadata: {name: one}\n---\n`
    write('custom', { 'a.yaml': definition('Site', 'Cluster') + definition('Cell', 'Namespaced') })
    const { objects } = await render(source('custom'))
    const namespaces = objects
      .filter(({ apiVersion }) => apiVersion === 'x.dev/v1')
      .map((object) => object.metadata.namespace)
    expect(namespaces).toEqual([undefined, 'ran'])
  })

  test.each([
    ['that is not there', 'nothing', 'does not exist under the package root'],
    ['by an absolute path', '/etc', 'must be the path of a folder relative'],
    ['that climbs out', '../outside', 'must not climb out'],
    ['that climbs out in the middle', 'ok/../../outside', 'must not climb out'],
    ['that is the package root', '.', 'is where all packages lie'],
    ['that is the package root with a slash', './', 'is where all packages lie'],
    ['that comes back to the package root', 'ok/..', 'must not climb out'],
    ['that is a link to the package root', 'self', 'is where all packages lie'],
    ['with an empty path', '', 'is where all packages lie'],
    ['with a zero byte', 'ok\0', 'must be the path'],
    ['that is a file', 'ok/c.yaml', 'is no folder'],
  ])('%s is refused', async (_, path, message) => {
    await expect(render(source(path))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining(message),
    })
  })

  test('whose folder, file or file of a folder is a link out of the root is refused', async () => {
    symlinkSync(join(folder, 'outside'), join(packageRoot, 'link'))
    write('linked-file', { 'c.yaml': CONFIG })
    symlinkSync(join(folder, 'outside', 'secret.yaml'), join(packageRoot, 'linked-file', 'd.yaml'))
    write('linked-folder', { 'c.yaml': CONFIG })
    symlinkSync(join(folder, 'outside'), join(packageRoot, 'linked-folder', 'sub'))
    for (const path of ['link', 'linked-file', 'linked-folder']) {
      await expect(render(source(path))).rejects.toMatchObject({
        code: 'PREFLIGHT_FAILED',
        message: expect.stringContaining('a link that leads out of the package root'),
      })
    }
  })

  test('may link a file inside the root; a link to a folder, or to nothing, is refused', async () => {
    write('inside', { 'c.yaml': CONFIG })
    symlinkSync('../ok/c.yaml', join(packageRoot, 'inside', 'c.yaml.link.yaml'))
    await expect(render(source('inside'))).rejects.toMatchObject({
      message: expect.stringContaining('stands there twice'),
    })
    write('loop', { 'c.yaml': CONFIG })
    symlinkSync('.', join(packageRoot, 'loop', 'again'))
    await expect(render(source('loop'))).rejects.toMatchObject({
      message: expect.stringContaining('is a link to a folder'),
    })
    write('dangling', { 'c.yaml': CONFIG })
    symlinkSync('nowhere.yaml', join(packageRoot, 'dangling', 'd.yaml'))
    await expect(render(source('dangling'))).rejects.toMatchObject({
      message: expect.stringContaining('leads nowhere'),
    })
  })

  test.each([
    ['no YAML', 'a: [', 'is no YAML'],
    ['a key twice', 'apiVersion: v1\napiVersion: v2\n', 'is no YAML'],
    ['something that is no object', 'just: text\n', 'without apiVersion, kind and metadata.name'],
    ['a list', '- 1\n', 'without apiVersion, kind and metadata.name'],
    ['a __proto__ key', `${CONFIG}__proto__: {x: 1}\n`, '__proto__'],
    ['nothing', '# empty\n', 'hold no Kubernetes object'],
    [
      'an alias bomb',
      `${CONFIG}a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n`,
      'alias',
    ],
    ['an alias of nothing', `${CONFIG}a: *b\n`, 'alias'],
    ['an alias inside of what it names', `${CONFIG}a: &a [*a]\n`, 'alias'],
  ])('with %s is refused', async (name, text, message) => {
    const path = `bad-${name.replace(/\W/g, '')}`
    write(path, { 'x.yaml': text })
    await expect(render(source(path))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining(message),
    })
  })

  test('with a pipeline is refused where no functions run', async () => {
    write('pipeline', {
      Kptfile:
        'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: p}\npipeline:\n  mutators:\n  - image: set-labels:v0.2\n',
      'c.yaml': CONFIG,
    })
    await expect(render(source('pipeline'))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringMatching(/Kptfile: has a pipeline/),
    })
  })

  test.each(['./ok', 'ok/', './ok//.', 'ok/.'])('that is written as %s is the one of that name', async (path) => {
    expect(await render(source(path, { a: '1' }))).toMatchObject({
      name: 'ok',
      source: { from: 'package-root', directory: 'ok' },
    })
  })

  test('that is too large is refused, in one file or in all of them together', async () => {
    write('large', { 'c.yaml': CONFIG })
    truncateSync(join(packageRoot, 'large', 'c.yaml'), PACKAGE_LIMITS.largestFile + 1)
    const refused = (why: string) => ({ code: 'PREFLIGHT_FAILED', message: expect.stringContaining(why) })
    await expect(render(source('large'))).rejects.toMatchObject(refused('c.yaml is larger than'))
    for (let n = 0; n < 7; n++) {
      write('sum', { [`${n}.yaml`]: '' })
      truncateSync(join(packageRoot, 'sum', `${n}.yaml`), PACKAGE_LIMITS.largestFile)
    }
    await expect(render(source('sum'))).rejects.toMatchObject(refused(`"sum": is larger than`))
  })

  test('that is too large is not read: a sparse file of many gigabytes is refused like any other', async () => {
    write('sparse', { 'c.yaml': CONFIG })
    // More than could be read in one piece: reading it would be an error of the file system.
    truncateSync(join(packageRoot, 'sparse', 'c.yaml'), 8 * 1024 ** 3)
    await expect(render(source('sparse'))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('c.yaml is larger than'),
    })
  })
})

describe('the sample package 5g-ran', () => {
  const renderSample = createPackageRenderer({
    packageRoot: fileURLToPath(new URL('../../samples/packages', import.meta.url)),
  })

  test('holds two workloads, their configuration and a service, in the namespace of the request', async () => {
    const { name, objects } = await renderSample(source('5g-ran'))
    expect(name).toBe('5g-ran')
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
      'ConfigMap ran/ran-config',
      'Deployment ran/cu',
      'Deployment ran/du',
      'Service ran/cu',
    ])
    expect(requestsOf(objects)).toEqual({ cpu: '20m', memory: '64Mi', pods: '2' })
  })

  test('takes the values that its README names', async () => {
    const values = {
      duReplicas: 3,
      cuReplicas: 2,
      image: 'du:1',
      duCpu: '1',
      cuCpu: 2,
      duMemory: '1Gi',
      cuMemory: '2Gi',
      duCpuLimit: '2',
      cuCpuLimit: '3',
      duMemoryLimit: '4Gi',
      cuMemoryLimit: '5Gi',
      siteName: 's',
      plmn: '46692',
      trackingArea: 7,
    }
    const { objects } = await renderSample(source('5g-ran', values))
    expect(requestsOf(objects)).toEqual({ cpu: '7', memory: '7Gi', pods: '5' })
    expect(limitsOf(objects)).toEqual({ cpu: '12', memory: '22Gi', pods: '5' })
    const config = objects.find((object) => object.kind === 'ConfigMap')
    expect(config?.data).toMatchObject({ SITE_NAME: 's', PLMN: '46692', TRACKING_AREA: '7' })
  })
})
