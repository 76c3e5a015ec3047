import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { createKptForFiles } from '../../src/packages/kpt-files.ts'
import { createPackageRenderer } from '../../src/packages/render.ts'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { createRenderFunctions } from '../../src/tools/kpt-functions.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'
import { CONFIG_MAP, KPTFILE } from './git-server.ts'

const IMAGE = 'o2ims-test-function'
const LABEL = 'label=o2ims.dev/function'

/** Functions made of the node image's own programs: nothing is pulled. */
const FUNCTIONS: Record<string, string[]> = {
  'rename:1': ['sed', 's/before/after/'],
  // What apply-setters does, as far as it goes here: it sets what its configuration says, and nothing else.
  'apply-setters:1': [
    'sh',
    '-c',
    String.raw`all=$(cat); site=$(echo "$all" | sed -n 's/.*site: *\([a-z]*\).*/\1/p' | head -n 1); echo "$all" | sed "s/SITE-HERE/$site/"`,
  ],
  'refuse:1': ['sh', '-c', 'cat >/dev/null; echo no antenna is named >&2; exit 1'],
  'hang:1': ['sleep', '120'],
}
const image = (name: string) => `localhost/${IMAGE}/${name}`
const nodeImage = process.env.KIND_NODE_IMAGE
const skipped = needs('kind', 'kpt')
const options =
  nodeImage === undefined && !skipped.skip
    ? { skip: true, meta: { skipReason: 'KIND_NODE_IMAGE is not set: the test builds its functions from it' } }
    : skipped

describe('a package with a pipeline', options, () => {
  const root = mkdtempSync(join(tmpdir(), 'o2ims-pipeline-'))
  const parts = { children: createChildProcesses({ graceMs: 200 }), runDir: join(root, '.run'), log: silentLog() }
  const render = createPackageRenderer({ packageRoot: root, kpt: createKptForFiles(parts) })

  beforeAll(() => {
    for (const [name, command] of Object.entries(FUNCTIONS)) {
      const input = `FROM ${nodeImage}\nENTRYPOINT ${JSON.stringify(command)}\n`
      execFileSync('docker', ['build', '--quiet', '--tag', image(name), '-'], {
        input,
        stdio: ['pipe', 'ignore', 'ignore'],
      })
    }
  })
  afterAll(() => {
    const images = Object.keys(FUNCTIONS).map(image)
    spawnSync('docker', ['rmi', '--force', ...images], { stdio: 'ignore' })
    rmSync(root, { recursive: true, force: true })
  })

  function write(name: string, pipeline: string, files: Record<string, string>): string {
    const all = { Kptfile: KPTFILE(name, `pipeline:\n${pipeline}`), ...files }
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(root, name, path)), { recursive: true })
      writeFileSync(join(root, name, path), text)
    }
    return name
  }
  const rendered = (path: string, values: JsonObject = {}) => render({ path, namespace: 'ran', values })
  const containers = () => execFileSync('docker', ['ps', '--all', '--quiet', '--filter', LABEL], { encoding: 'utf8' })
  const mutator = (name: string, more = '') => `  mutators:\n  - image: ${image(name)}\n${more}`

  test('F5: is rendered by kpt, after its values were set; nothing is left on the machine', async () => {
    const path = write('renames', mutator('rename:1'), {
      'a.yaml': CONFIG_MAP('a', ['x: before', 'y: there # kpt-set: $\u007by}']),
      'sub/b.yaml': CONFIG_MAP('b', ['x: before']),
    })
    const { name, objects } = await rendered(path, { y: 'before too' })
    expect(name).toBe('renames')
    expect(objects.map(({ metadata, data }) => [metadata.name, metadata.namespace, data])).toEqual([
      ['a', 'ran', { x: 'after', y: 'after too' }],
      ['b', 'ran', { x: 'after' }],
    ])
    expect(containers()).toBe('')
    expect(readdirSync('/dev/shm').filter((one) => one.startsWith(`o2ims-scratch-${process.pid}-`))).toEqual([])
  })

  test('has values set where apply-setters takes them from, in its configMap', async () => {
    const path = write('setters', mutator('apply-setters:1', '    configMap:\n      site: default\n'), {
      'a.yaml': CONFIG_MAP('a', ['x: SITE-HERE']),
    })
    expect((await rendered(path)).objects[0]?.data).toEqual({ x: 'default' })
    expect((await rendered(path, { site: 'hsinchu' })).objects[0]?.data).toEqual({ x: 'hsinchu' })
    await expect(rendered(path, { nothing: 'x' })).rejects.toMatchObject({
      code: 'INVALID_ARGS',
      message: expect.stringContaining('it takes site'),
    })
  })

  test.each([
    ['a function that refuses', mutator('refuse:1'), 'no antenna is named'],
    ['an image that is not there', mutator('missing:1'), 'missing:1'],
    ['a program instead of an image', '  mutators:\n  - exec: touch /tmp/o2ims-never\n', 'allow-exec'],
    ['an image that is an option of docker', '  mutators:\n  - image: --privileged\n', 'function name'],
  ])('%s fails it in the words of kpt', async (name, pipeline, words) => {
    const path = write(name.replaceAll(' ', '-'), pipeline, { 'a.yaml': CONFIG_MAP('a') })
    await expect(rendered(path)).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringMatching(new RegExp(`^kpt fn render failed: .*${words}`, 's')),
    })
    expect(containers()).toBe('')
  })

  test('a function that hangs ends at the time limit, and with the signal, with its container', async () => {
    const files = [
      { path: 'Kptfile', text: KPTFILE('hangs', `pipeline:\n${mutator('hang:1')}`) },
      { path: 'a.yaml', text: CONFIG_MAP('a') },
    ]
    await expect(createRenderFunctions({ ...parts, timeoutMs: 1500 })(files, {})).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    expect(containers()).toBe('')
    const stop = new AbortController()
    const reason = new Error('cancelled')
    const running = createRenderFunctions(parts)(files, { signal: stop.signal })
    const ended = expect(running).rejects.toBe(reason)
    await eventually(() => expect(containers()).not.toBe(''))
    stop.abort(reason)
    await ended
    expect(containers()).toBe('')
  })

  test('without docker a package with a pipeline is refused with that reason, and one without is not', async () => {
    const children = createChildProcesses({ env: { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' } })
    const without = createPackageRenderer({ packageRoot: root, kpt: createKptForFiles({ ...parts, children }) })
    const source = { path: 'renames', namespace: 'ran', values: {} }
    await expect(without(source)).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringMatching(
        /^the package has a pipeline, whose functions run in containers: docker does not answer/,
      ),
    })
    mkdirSync(join(root, 'plain'))
    writeFileSync(join(root, 'plain', 'a.yaml'), CONFIG_MAP('a'))
    expect((await without({ ...source, path: 'plain' })).objects).toHaveLength(1)
  })
})
