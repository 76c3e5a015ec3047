import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { validateFolder, validateText } from '../../src/validation/validate.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The faults of the only document in a text. */
async function faultsIn(text: string) {
  const [only, ...others] = await validateText(text, 'text')
  expect(others).toEqual([])
  return only?.faults ?? []
}
const pointersIn = async (text: string) => (await faultsIn(text)).map(({ pointer }) => pointer)

describe('validation without a service', () => {
  test('F6: every file of our samples is accepted as it is', async () => {
    for (const folder of ['requests', 'templates', 'oclouds']) {
      for (const file of await readdir(join(ROOT, 'samples', folder))) {
        const results = await validateText(await readFile(join(ROOT, 'samples', folder, file), 'utf8'), file)
        expect(results.map(({ source, faults }) => ({ source, faults }))).toEqual([{ source: file, faults: [] }])
      }
    }
    for (const name of ['5g-ran', 'focom-operator', 'o2ims-crds'])
      expect(await validateFolder(join(ROOT, 'samples/packages', name))).toMatchObject({ what: 'package', faults: [] })
  })

  test.each([
    [
      'ocloud',
      [
        '/apiVersion',
        '/spec/location',
        '/spec/capacity/storage',
        '/spec/security/tls/verify',
        '/spec/compliance/oran',
        '/spec/o2imsSecret',
      ],
    ],
    [
      'template-info',
      [
        '/apiVersion',
        '/spec/parameters',
        '/spec/targetCluster/selector/matchLabels/capability',
        '/spec/resourceQuota/requests/cpu',
        '/spec/templateParameterSchema',
      ],
    ],
    [
      'provisioning-request',
      [
        '/metadata/namespace',
        '/spec/priority',
        '/spec/deployment/retries',
        '/spec/hooks/preProvision',
        '/spec/approval/approvers',
        '/spec/templateName',
      ],
    ],
  ])("F6: the seed's %s.yaml is refused with each field named, and where it is said here", async (name, named) => {
    const faults = await faultsIn(await readFile(join(import.meta.dirname, 'seed', `${name}.yaml`), 'utf8'))
    expect(faults.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(named))
    expect(faults.filter(({ message }) => message === 'is not known here')).toEqual([])
  })

  test("F6: the seed's kustomization is refused as what it is", async () => {
    const text = await readFile(join(import.meta.dirname, 'seed', 'kustomization.yaml'), 'utf8')
    expect(await faultsIn(text)).toEqual([
      {
        pointer: '/kind',
        message: expect.stringMatching(/^must be OCloud, TemplateInfo, FocomProvisioningRequest, Prov/),
      },
    ])
  })

  test("upstream's own custom resources are accepted", async () => {
    const resources = `
apiVersion: focom.nephio.org/v1alpha1
kind: OCloud
metadata: { name: edge, namespace: o2ims }
spec: { o2imsSecret: { secretRef: { name: edge-kubeconfig, namespace: o2ims } } }
---
apiVersion: o2ims.provisioning.oran.org/v1alpha1
kind: ProvisioningRequest
metadata: { name: edge-1 }
spec: { templateName: nephio-workload-cluster, templateVersion: main, templateParameters: { clusterName: edge, labels: { a: b } } }
`
    expect(await validateText(resources, 'two')).toMatchObject([
      { source: 'two (1)', what: 'custom resource', faults: [] },
      { source: 'two (2)', what: 'custom resource', faults: [] },
    ])
  })

  test('a request: body, parameters and options, each wrong field by its pointer', async () => {
    const wrong = (more: string) =>
      pointersIn(
        `{ provisioningRequestId: r, name: n, description: '', templateName: kpt-workload, templateVersion: 1.0.0, ${more} }`,
      )
    expect(await wrong('colour: red')).toEqual(['/colour'])
    expect(await wrong('templateParameters: { workers: 3 }')).toEqual([
      '/templateParameters/oCloud',
      '/templateParameters/workers',
    ])
    const at = 'templateParameters: { oCloud: sim-edge-1 }'
    expect(await wrong(`${at}, options: { timeoutSeconds: 0 }`)).toEqual(['/options/timeoutSeconds'])
    const nowhere = 'options: { simulation: { failAt: nowhere } }'
    expect(await wrong(`${at}, ${nowhere}`)).toEqual(['/options/simulation/failAt'])
  })

  test('a request for what only a service knows says so', async () => {
    const request = (template: string) =>
      `{ provisioningRequestId: r, name: n, description: '', templateName: ${template}, templateVersion: 1.0.0, templateParameters: { oCloud: edge-9 } }`
    expect(await validateText(`${request('kpt-workload')}\n---\n${request('my-own')}\n`, 'two')).toMatchObject([
      { faults: [], remarks: ['whether there is an O-Cloud edge-9, only a service knows'] },
      { faults: [], remarks: [expect.stringContaining('my-own 1.0.0 is no sample template')] },
    ])
  })

  test('a template: its schema, its steps, its references', async () => {
    const schema = '{ type: object, additionalProperties: false, properties: { a: { type: string } } }'
    const steps = '[{ name: x, uses: dance }, { name: y, uses: kpt-package, with: { target: "{{ b }}" } }]'
    const rest = 'version: 1.0.0, description: d, result: resources, timeoutSeconds: 60'
    expect(await pointersIn(`{ name: t, ${rest}, parameterSchema: ${schema}, steps: ${steps} }`)).toEqual([
      '/steps/0/uses',
      '/steps/1/with/target',
    ])
    expect(await pointersIn('{ name: t, steps: [] }')).toContain('/parameterSchema')
  })

  test('an O-Cloud whose kubeconfig cannot be used, which is not repeated', async () => {
    const kubeconfig = `
  apiVersion: v1
  kind: Config
  current-context: c
  clusters: [{ name: c, cluster: { server: 'https://192.0.2.1' } }]
  users: [{ name: u, user: { tokenFile: /geheim } }]
  contexts: [{ name: c, context: { cluster: c, user: u } }]
`
    const faults = await faultsIn(`name: edge\nkubeconfig: |${kubeconfig}`)
    expect(faults).toMatchObject([{ pointer: '/kubeconfig' }])
    expect(faults[0]?.message).toContain('users[0].user.tokenFile names a file')
    expect(JSON.stringify(faults)).not.toContain('geheim')
  })

  test('a package: its Kptfile, its objects, the values that it takes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
    try {
      await cp(join(ROOT, 'samples/packages/5g-ran'), folder, { recursive: true })
      expect((await validateFolder(folder)).remarks).toEqual([
        expect.stringMatching(/^4 objects: .*Deployment cu/),
        expect.stringMatching(/^takes the values .*duReplicas/),
      ])
      await rm(join(folder, 'Kptfile'))
      await writeFile(join(folder, 'cu.yaml'), 'kind: Deployment\n')
      const { faults } = await validateFolder(folder)
      expect(faults).toEqual([
        { pointer: '/Kptfile', message: expect.stringContaining('is missing') },
        { pointer: '', message: expect.stringContaining('cu.yaml: holds something without apiVersion') },
      ])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('a package: its objects as an API server would refuse them, every fault of each', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
    try {
      await writeFile(join(folder, 'Kptfile'), 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: { name: p }\n')
      const container = 'template: { metadata: { labels: { a: b } }, spec: { containers: [{ name: c, image: i }] } }'
      const objects = [
        `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: BAD_NAME }\nspec: { replicas: x, selector: { matchLabels: { a: b } }, ${container} }\n`,
        `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: unselected }\nspec: { ${container} }\n`,
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\nspecx: 4\n',
        'apiVersion: example.org/v1\nkind: Thing\nmetadata: { name: t }\nspec: 3\n',
      ]
      await writeFile(join(folder, 'objects.yaml'), objects.join('---\n'))
      const { faults, remarks } = await validateFolder(folder)
      expect(faults.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Deployment default\/BAD_NAME: .*metadata.name: Invalid value: "BAD_NAME"/),
        expect.stringMatching(/^Deployment default\/BAD_NAME: .*spec.replicas: Invalid value/),
        expect.stringMatching(/^Deployment default\/unselected: .*spec.selector: Required value/),
        expect.stringMatching(/^ConfigMap default\/c: .*\.specx: field not declared in schema/),
      ])
      expect(remarks).toContain('what example.org/v1 Thing may hold, only an O-Cloud knows')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('parameters and options are told together', async () => {
    const request = (options: string) =>
      `provisioningRequestId: x\nname: x\ndescription: x\ntemplateName: kpt-workload\ntemplateVersion: 1.0.0\ntemplateParameters: { oCloud: sim-edge-1, nonsense: 1 }\noptions: ${options}\n`
    expect(await pointersIn(request('{ priority: 900 }'))).toEqual([
      '/options/priority',
      '/templateParameters/nonsense',
    ])
    expect(await pointersIn(request('{ simulation: { failAt: nowhere } }'))).toEqual([
      '/templateParameters/nonsense',
      '/options/simulation/failAt',
    ])
  })

  test.each([
    ['a list in a list', `a: ${'['.repeat(100_000)}`],
    ['what the parser still takes', `a: ${'['.repeat(450)}${']'.repeat(450)}`],
  ])('what is nested too deeply is told so: %s', async (_name, text) => {
    expect((await faultsIn(text))[0]?.message).toMatch(/: it is nested too deeply$/)
  })

  test('a package with a pipeline is read, and its functions are not run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
    try {
      const kptfile = 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: { name: p }\n'
      await writeFile(join(folder, 'Kptfile'), `${kptfile}pipeline: { mutators: [{ image: 'example.org/x:v1' }] }\n`)
      await writeFile(join(folder, 'c.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n')
      const { faults, remarks } = await validateFolder(folder)
      expect({ faults, first: remarks[0] }).toEqual({ faults: [], first: expect.stringContaining('has a pipeline') })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test.each([
    ['a: [1', 'is neither YAML nor JSON'],
    ['', 'is empty'],
    ['- a\n', 'is no object'],
    ['colour: red\n', 'is neither a request, a template, an O-Cloud nor a custom resource'],
    ['apiVersion: v1\nkind: Pod\n', 'what a package holds is validated with its folder'],
  ])('%j %s', async (text, message) => {
    expect(await faultsIn(text)).toMatchObject([{ message: expect.stringContaining(message) }])
  })
})
