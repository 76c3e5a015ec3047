import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const target = '{{ oCloud }}'
const labels = { app: 'du' }
const resources = { requests: { cpu: '250m', memory: '64Mi' } }
const image = 'registry.k8s.io/pause:3.10'
const TEMPLATE = {
  name: 'reported',
  version: '1.0.0',
  description: 'A Deployment and a Service',
  result: 'resources',
  timeoutSeconds: 30,
  parameterSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['oCloud'],
    additionalProperties: false,
    properties: { oCloud: { type: 'string', format: 'o-cloud' } },
  },
  steps: [
    {
      name: 'objects',
      uses: 'manifests',
      with: {
        target,
        objects: [
          { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'reported' } },
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'du', namespace: 'reported' },
            spec: {
              replicas: 2,
              selector: { matchLabels: labels },
              template: { metadata: { labels }, spec: { containers: [{ name: 'du', image, resources }] } },
            },
          },
          {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name: 'f1', namespace: 'reported' },
            spec: {
              type: 'NodePort',
              clusterIP: '10.96.0.7',
              selector: labels,
              ports: [{ port: 38472, nodePort: 30472, protocol: 'SCTP' }],
            },
          },
        ],
      },
    },
    {
      name: 'ready',
      uses: 'await',
      with: {
        target,
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: 'du',
        namespace: 'reported',
        condition: 'Available',
      },
    },
    { name: 'report', uses: 'report' },
  ],
}

describe('the report of a request that really placed something', needs('redis'), () => {
  let api: TestApi
  let url: string
  const read = (accept: string) => call(url, 'GET', undefined, { accept })

  beforeAll(async () => {
    api = await startTestApi({ steps: STEPS })
    await call(`${api.url}/o2ims/v1/templates`, 'POST', TEMPLATE)
    const body = {
      provisioningRequestId: 'reported',
      name: 'du & cu at <edge>',
      description: 'DU "and"\u001b\u009b CU | both',
      templateName: 'reported',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-1' },
    }
    const posted = await call(`${api.url}/o2ims/v1/provisioningRequests`, 'POST', body)
    expect(posted.status).toBe(201)
    const { body: ended } = await toTheEnd(api.url, 'reported')
    expect(ended.status).toMatchObject({ provisioningPhase: 'FULFILLED' })
    url = `${api.url}/o2ims/v1/provisioningRequests/reported/report`
  })
  afterAll(() => api?.close())

  test('F21: every figure comes from what happened: O-Clouds, workloads, endpoints, resources, timings', async () => {
    const { body } = await read('application/json')
    const { body: oClouds } = await call(`${api.url}/o2ims/v1/ocloud`)
    const [{ oCloudId }] = oClouds
    expect(body.observed).toEqual({
      at: expect.stringMatching(/^\d{4}-/),
      oClouds: [
        {
          oCloudId,
          name: 'sim-1',
          managed: false,
          endpoint: `simulated://${oCloudId}`,
          reachable: true,
          version: 'v1.33.0+simulated',
          nodes: 3,
          capacity: { cpu: '48', memory: '192Gi', pods: '3000' },
          allocatable: { cpu: '48', memory: '192Gi', pods: '3000' },
        },
      ],
      workloads: [
        {
          oCloudId,
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          namespace: 'reported',
          name: 'du',
          ready: true,
          state: '2 of 2 ready',
          images: [image],
          requests: { cpu: '500m', memory: '128Mi', pods: '2' },
        },
      ],
      services: [
        {
          oCloudId,
          namespace: 'reported',
          name: 'f1',
          type: 'NodePort',
          addresses: ['10.96.0.7:38472/SCTP', 'node port 30472/SCTP'],
        },
      ],
      objects: 3,
    })
    expect(body.steps.map(({ durationMs }: { durationMs: number }) => typeof durationMs)).toEqual([
      'number',
      'number',
      'number',
    ])
  })

  test('as Markdown has tables that hold together', async () => {
    const { body } = await read('text/markdown')
    const rows = String(body)
      .split('\n')
      .filter((line) => line.startsWith('|'))
    const widths = rows.map((row) => row.replaceAll(/\\\|/g, '').split('|').length)
    for (let index = 1; index < rows.length; index += 1)
      if (rows[index]?.startsWith('| ---')) expect(widths[index]).toBe(widths[index - 1])
    expect(body).toContain(
      '| sim-1 | Deployment | reported | du | 2 of 2 ready | cpu 500m, memory 128Mi, pods 2 | registry.k8s.io/pause:3.10 |',
    )
    expect(body).toContain('| sim-1 | reported | f1 | NodePort | 10.96.0.7:38472/SCTP, node port 30472/SCTP |')
    expect(body).toMatch(/^They and what stands on them, as seen at 20\S+Z\.$/m)
    expect(body).toMatch(/- O-Cloud sim-1: `GET \/o2ims\/v1\/ocloud\/\S+`, its API server: `simulated:\/\/\S+`/)
    expect(body).toContain('| Description | DU "and" CU \\| both |')
    expect(body).not.toMatch(/[^\P{Cc}\n]/u)
  })

  test('as HTML is one page that runs nothing, fetches nothing and escapes what others wrote', async () => {
    const { body, headers } = await read('text/html')
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    )
    expect(body).toMatch(/^<!doctype html>/)
    expect(body).toContain('<h1>du &amp; cu at &lt;edge&gt;: FULFILLED</h1>')
    expect(body).toContain('DU &quot;and&quot;   CU | both')
    expect(body).not.toMatch(/[^\P{Cc}\n]/u)
    expect(body).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import/i)
    expect(body).toContain('<td class="ok">SUCCEEDED</td>')
    // Well-formed enough for a strict reader of tags: each one that opens closes.
    const open: string[] = []
    for (const [, close, name = ''] of String(body).matchAll(/<(\/?)([a-z]+\d?)(?:\s[^>]*)?>/g))
      if (name === 'meta') continue
      else if (close) expect(open.pop()).toBe(name)
      else open.push(name)
    expect(open).toEqual([])
    if (process.env.SAVE_REPORT) writeFileSync(process.env.SAVE_REPORT, body)
  })

  test('is in the contract with each of its media types', async () => {
    const { body } = await call(`${api.url}/openapi/o2ims.yaml`)
    const document = typeof body === 'string' ? parse(body) : body
    const path = document?.paths?.['/o2ims/v1/provisioningRequests/{provisioningRequestId}/report']
    expect(Object.keys(path.get.responses['200'].content)).toEqual(['application/json', 'text/markdown', 'text/html'])
  })
})
