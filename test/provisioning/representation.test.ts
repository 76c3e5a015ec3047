import { describe, expect, test } from 'vitest'
import { versionOf } from '../../src/provisioning/etag.ts'
import type { ProvisioningRecord } from '../../src/provisioning/record.ts'
import { reportOf } from '../../src/provisioning/report.ts'
import { reportMarkdown } from '../../src/provisioning/report-markdown.ts'
import { canonicalInfo, frontDoorInfo } from '../../src/provisioning/representation.ts'
import { frontDoorInfoSchema, provisioningRequestInfoSchema, reportSchema } from '../../src/provisioning/schema.ts'

const record: ProvisioningRecord = {
  provisioningRequestId: 'r1',
  reference: 'c2b05a1c-5a0e-4e0c-8d8e-0c4c5a0f6b11',
  createdAt: '2026-01-01T00:00:00.000Z',
  generation: 2,
  epoch: 7,
  n: 9,
  data: { provisioningRequestId: 'r1', name: 'n', description: '', templateName: 't', templateVersion: '1.0.0' },
  sealed: 'sealed-secret',
  sentHash: 'hash-of-what-was-sent',
  parameters: { oCloud: 'oc-1' },
  oCloudIds: ['oc-1'],
  simulated: false,
  result: 'nodeCluster',
  phase: 'FULFILLED',
  message: 'done',
  updateTime: '2026-01-01T00:01:00.000Z',
  deadline: '2026-01-01T00:10:00.000Z',
  startedAt: '2026-01-01T00:00:01.000Z',
  finishedAt: '2026-01-01T00:01:01.000Z',
  percent: 100,
  currentStep: null,
  steps: [
    {
      name: 'cluster',
      uses: 'kind-cluster',
      state: 'SUCCEEDED',
      startedAt: '2026-01-01T00:00:01.000Z',
      finishedAt: '2026-01-01T00:00:31.000Z',
      inputsHash: 'hash-of-inputs',
      made: {
        oCloudId: 'oc-2',
        objects: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'uid-1', action: 'created', madeIn: 1 }],
        outputs: { oCloudId: 'oc-2' },
        notes: { inventory: 'inv' },
      },
    },
  ],
  retired: [],
  provisionedResourceSet: { nodeClusterId: 'oc-2' },
  resources: [{ resourceName: 'edge', resourceId: 'oc-2', resourceProvisioningPhase: 'PROVISIONED' }],
}

describe('a record', () => {
  test('shows on the canonical path the specification’s fields, and the status of the kind that was provisioned only', () => {
    expect(canonicalInfo(record)).toEqual({
      provisioningRequestData: record.data,
      provisioningRequestReference: record.reference,
      status: {
        updateTime: record.updateTime,
        message: 'done',
        provisioningPhase: 'FULFILLED',
        nodeClusterProvisioningStatus: {
          resourceName: 'edge',
          resourceId: 'oc-2',
          resourceProvisioningPhase: 'PROVISIONED',
        },
      },
      provisionedResourceSet: { nodeClusterId: 'oc-2' },
    })
    const resources: ProvisioningRecord = {
      ...record,
      result: 'resources',
      provisionedResourceSet: { infrastructureResourceIds: ['u1'] },
      resources: [{ resourceName: 'du', resourceId: 'u1', resourceProvisioningPhase: 'PROCESSING' }],
    }
    expect(canonicalInfo(resources).status.nodeClusterProvisioningStatus).toBeUndefined()
    expect(canonicalInfo(resources).status.infrastructureResourceProvisioningStatus).toHaveLength(1)
    expect(
      Object.keys(canonicalInfo({ ...record, resources: undefined, provisionedResourceSet: undefined })),
    ).not.toContain('provisionedResourceSet')
  })

  test('shows nothing of what is ours alone: hashes, sealed values, epochs, uids, notes', () => {
    const shown =
      JSON.stringify([frontDoorInfo(record), canonicalInfo(record), reportOf(record)]) +
      reportMarkdown(reportOf(record))
    expect(shown).not.toMatch(/hash-of|sealed|epoch|uid-1|inventory|madeIn/)
  })

  test('matches the schemas that are published', () => {
    for (const [schema, value] of [
      [frontDoorInfoSchema, frontDoorInfo(record)],
      [provisioningRequestInfoSchema, canonicalInfo(record)],
      [reportSchema, reportOf(record)],
    ] as const)
      expect(schema.safeParse(JSON.parse(JSON.stringify(value))).error).toBeUndefined()
  })

  test('has a version that names generation and write', () => {
    expect(versionOf(record)).toBe('2-8')
  })
})

describe('a report', () => {
  test('says where the kubeconfig of a real cluster that was made can be read, and of no other', () => {
    expect(reportOf(record).access).toEqual([
      { oCloudId: 'oc-1', oCloud: '/o2ims/v1/ocloud/oc-1' },
      { oCloudId: 'oc-2', oCloud: '/o2ims/v1/ocloud/oc-2', kubeconfig: '/o2ims/v1/ocloud/oc-2/kubeconfig' },
    ])
    expect(reportOf({ ...record, simulated: true }).access[1]).not.toHaveProperty('kubeconfig')
    expect(reportMarkdown(reportOf(record))).toContain('`GET /o2ims/v1/ocloud/oc-2/kubeconfig`')
  })

  test('keeps words from elsewhere words: no table, heading or link can be smuggled in', () => {
    const hostile = {
      ...record,
      message: '| a |\n# heading\n[link](javascript:alert(1)) <script>',
      data: { ...record.data, name: '*bold*' },
    }
    const text = reportMarkdown(reportOf(hostile))
    expect(text).not.toMatch(/^# heading/m)
    expect(text).not.toMatch(/[^\\]\[link/)
    expect(text).not.toMatch(/[^\\]<script/)
    expect(text).toContain('\\*bold\\*')
  })

  test('of what could not be removed names it and says why', () => {
    const failed: ProvisioningRecord = {
      ...record,
      phase: 'FAILED',
      error: {
        code: 'CLEANUP_FAILED',
        exitCode: 8,
        step: 'cluster',
        cause: 'it broke',
        undone: [],
        left: [
          {
            apiVersion: 'v1',
            kind: 'Pod',
            namespace: 'ns',
            name: 'p',
            action: 'created',
            uid: 'uid-2',
            reason: 'forbidden',
          },
        ],
      },
    }
    const report = reportOf(failed)
    expect(report.error?.left).toEqual([
      { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'p', action: 'created', reason: 'forbidden' },
    ])
    expect(reportMarkdown(report)).toContain('| Pod (v1) | ns | p | forbidden |')
  })
})
