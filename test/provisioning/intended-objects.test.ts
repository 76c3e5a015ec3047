import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const configMap = (name: string, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
})
const target = '{{ oCloud }}'
const template = {
  name: 'half',
  version: '1.0.0',
  description: 'One object that can stand, and one whose namespace nobody makes',
  result: 'resources',
  timeoutSeconds: 60,
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
      with: { target, objects: [configMap('a', 'default'), configMap('b', 'nowhere')] },
    },
  ],
}

describe('an object that never came to be', needs('redis'), () => {
  let api: TestApi
  let front: string
  beforeAll(async () => {
    api = await startTestApi({ steps: STEPS })
    front = `${api.url}/o2ims/v1/provisioningRequests`
    expect((await call(`${api.url}/o2ims/v1/templates`, 'POST', template)).status).toBe(201)
  })
  afterAll(() => api?.close())

  const fail = async (id: string, options: object) => {
    const body = {
      provisioningRequestId: id,
      name: id,
      description: '',
      templateName: 'half',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-1' },
      options,
    }
    expect((await call(front, 'POST', body)).status).toBe(201)
    const { progress } = (await toTheEnd(api.url, id)).body
    expect(progress.error.cause).toContain('nowhere')
    return progress
  }
  const names = (objects: { name: string }[] = []) => objects.map(({ name }) => name)

  test('stands in no list after the undo', async () => {
    const { steps, error } = await fail('undone', {})
    expect(names(error.undone)).toEqual(['a'])
    expect(names(steps[0].objects)).toEqual([])
    const { body } = await call(`${front}/undone?orphan=true`, 'DELETE')
    expect(body.left).toEqual([])
  })

  test('is not left behind either when cleaning up is off', async () => {
    const { steps, error } = await fail('kept', { cleanupOnFailure: false })
    expect(names(error.left)).toEqual(['a'])
    expect(names(steps[0].objects)).toEqual(['a'])
    const { body } = await call(`${front}/kept?orphan=true`, 'DELETE')
    expect(names(body.left)).toEqual(['a'])
  })
})
