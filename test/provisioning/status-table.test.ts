import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MadeObject, ProvisioningRecord, StepRecord } from '../../src/provisioning/record.ts'
import { type SeenOCloud, statusRows } from '../../src/provisioning/status-table.ts'
import { cellOf, statusTableText } from '../../src/provisioning/status-table-text.ts'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const object = (kind: string, name: string, apiVersion = 'apps/v1'): MadeObject => ({
  apiVersion,
  kind,
  namespace: 'ran',
  name,
  action: 'created',
})

function recordOf(steps: StepRecord[], more: Partial<ProvisioningRecord> = {}): ProvisioningRecord {
  return {
    provisioningRequestId: 'edge-5g-deployment',
    reference: 'r',
    createdAt: '2026-01-01T00:00:00.000Z',
    generation: 1,
    epoch: 1,
    n: 1,
    data: {
      provisioningRequestId: 'edge-5g-deployment',
      name: 'n',
      description: '',
      templateName: 't',
      templateVersion: '1',
    },
    sentHash: '',
    parameters: {},
    oCloudIds: ['o-1'],
    simulated: false,
    phase: 'PROGRESSING',
    message: 'workload: 2 of 3 ready',
    updateTime: '2026-01-01T00:00:00.000Z',
    deadline: null,
    result: 'resources',
    percent: 30,
    currentStep: 'workload',
    steps,
    retired: [],
    ...more,
  }
}

const edge: SeenOCloud = {
  oCloudId: 'o-1',
  name: 'edge',
  status: { reachable: true, version: 'v1.33.13', nodes: 1, checkedAt: '' },
}
const workload: StepRecord = {
  name: 'workload',
  uses: 'kpt-package',
  state: 'RUNNING',
  message: '2 of 3 ready',
  made: {
    oCloudId: 'o-1',
    objects: [
      object('ConfigMap', 'config', 'v1'),
      object('Deployment', 'du'),
      object('OCloud', 'edge', 'focom.nephio.org/v1alpha1'),
    ],
    outputs: {},
    notes: {},
  },
}

describe('the status table', () => {
  test('F20: has the request, its O-Clouds and the main objects, one line each, in the columns of the seed', () => {
    const text = statusTableText(statusRows(recordOf([workload]), [edge]))
    expect(text).toBe(
      [
        'RESOURCE                       TYPE            STATUS               MESSAGE',
        'edge-5g-deployment             ProvisioningReq InProgress           workload: 2 of 3 ready',
        'edge                           Cluster         Ready                v1.33.13, 1 node',
        'ran/du                         Deployment      InProgress           workload: 2 of 3 ready',
        'ran/edge                       OCloud          InProgress           workload: 2 of 3 ready',
        '',
      ].join('\n'),
    )
  })

  test('says at the end what was seen; of an O-Cloud that is away why, and claims nothing of what stood there', () => {
    const seen = {
      oCloudId: 'o-1',
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'ran',
      name: 'du',
      ready: false,
      state: '1 of 2 ready',
      images: [],
    }
    const observed = { at: '2026-01-01T00:00:00.000Z', oClouds: [], workloads: [seen], services: [], objects: 1 }
    const report: StepRecord = {
      name: 'report',
      uses: 'report',
      state: 'SUCCEEDED',
      made: { objects: [], outputs: { summary: observed }, notes: {} },
    }
    const away = { ...edge, status: { reachable: false, message: 'connect ECONNREFUSED', checkedAt: '' } }
    const record = recordOf([{ ...workload, state: 'SUCCEEDED' }, report], {
      phase: 'FULFILLED',
      message: 'provisioned',
    })
    const request = {
      resource: 'edge-5g-deployment',
      type: 'ProvisioningReq',
      status: 'Ready',
      message: 'provisioned',
    }
    expect(statusRows(record, [edge])).toEqual([
      request,
      { resource: 'edge', type: 'Cluster', status: 'Ready', message: 'v1.33.13, 1 node' },
      { resource: 'ran/du', type: 'Deployment', status: 'NotReady', message: '1 of 2 ready' },
      { resource: 'ran/edge', type: 'OCloud', status: 'Ready', message: 'workload: 2 of 3 ready' },
    ])
    expect(statusRows(record, [away])).toEqual([
      request,
      { resource: 'edge', type: 'Cluster', status: 'Unreachable', message: 'connect ECONNREFUSED' },
      { resource: 'ran/du', type: 'Deployment', status: 'Unknown', message: 'was NotReady: 1 of 2 ready' },
      { resource: 'ran/edge', type: 'OCloud', status: 'Unknown', message: 'was Ready: workload: 2 of 3 ready' },
    ])
  })

  test('shows a cluster that is being made', () => {
    const cluster = {
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      kind: 'Cluster',
      name: 'focom-smo',
      action: 'created' as const,
    }
    const step: StepRecord = {
      name: 'cluster',
      uses: 'kind-cluster',
      state: 'RUNNING',
      message: 'starting the control plane',
      made: { objects: [cluster], outputs: {}, notes: { driver: 'kind' } },
    }
    expect(statusRows(recordOf([step]), [])[1]).toEqual({
      resource: 'focom-smo',
      type: 'Cluster',
      status: 'Provisioning',
      message: 'starting the control plane',
    })
  })

  test('says of what an undo left standing why it stands', () => {
    const objects = [object('Deployment', 'operator'), { ...object('Deployment', 'older'), madeIn: 1 }]
    const rows = (state: StepRecord['state']) =>
      statusRows(recordOf([{ ...workload, state, made: { objects, outputs: {}, notes: {} } }]), [])
        .slice(1)
        .map(({ resource, status, message }) => `${resource} ${status} (${message})`)
    expect(rows('UNDONE')).toEqual([
      'ran/operator Released (workload: used, and left to its other users)',
      'ran/older Applied (workload: of generation 1)',
    ])
    expect(rows('UNDOING')).toEqual([
      'ran/operator Releasing (workload: used, and left to its other users)',
      'ran/older Deleting (workload: 2 of 3 ready)',
    ])
  })

  test('is never longer than a screenful can bear, and says what it left out', () => {
    const objects = Array.from({ length: 500 }, (_, index) => object('Deployment', `du-${index}`))
    const rows = statusRows(recordOf([{ ...workload, made: { objects, outputs: {}, notes: {} } }]), [edge])
    expect(rows).toHaveLength(200)
    expect(rows.at(-1)?.resource).toBe('… and 303 more')
  })
})

/** As a terminal counts these. */
const columns = (text: string): number =>
  [...new Intl.Segmenter('en').segment(text)].reduce(
    (sum, { segment }) => sum + (/^[\u3000-\uFF60\p{Emoji_Presentation}]/u.test(segment) ? 2 : 1),
    0,
  )

describe('a cell', () => {
  test.each([
    ['F20: cuts what is too long with an ellipsis', 'a message that is too long', 10, 'a message…'],
    ['is never empty', ' \n\t ', 4, '-   '],
    ['makes one line of several', 'a\r\nb\u2028c\u0000d\u001b[31m', 12, 'a b c d [31m'],
    ['counts wide letters twice', '新竹邊緣', 10, '新竹邊緣  '],
    ['cuts no wide letter in half', '新竹邊緣站', 8, '新竹邊… '],
    ['keeps a letter and its marks together', 'e\u0301'.repeat(5), 4, `${'e\u0301'.repeat(3)}…`],
  ])('%s', (_name, text, width, cell) => {
    expect(cellOf(text, width)).toBe(cell)
  })

  test('is as wide as its column, whatever stands in it', () => {
    const words = fc.string({
      unit: fc.constantFrom('a', ' ', '\n', '新', '竹', '🚀', '…', '-', '\u0007', '\t'),
      maxLength: 60,
    })
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 40 }), (text, width) => {
        const cell = cellOf(text, width)
        expect(cell).not.toMatch(/\p{Cc}/u)
        expect(columns(cell)).toBe(width)
      }),
    )
  })
})

describe('the status table of a service', needs('redis'), () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api?.close())

  test('is plain text, and a 404 for an unknown request', async () => {
    const front = `${api.url}/o2ims/v1/provisioningRequests`
    await call(front, 'POST', thingsRequest('tabled'))
    await toTheEnd(api.url, 'tabled')
    const { body, headers } = await call(`${front}/tabled/status-table`)
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(String(body).split('\n').slice(0, 4)).toEqual([
      'RESOURCE                       TYPE            STATUS               MESSAGE',
      'tabled                         ProvisioningReq Ready                provisioned',
      'sim-1                          Cluster         Ready                v1.33.0+simulated, 3 nodes',
      'a                              Thing           Ready                one: 1 object, 1 changed',
    ])
    expect((await call(`${front}/nobody/status-table`)).status).toBe(404)
  })
})
