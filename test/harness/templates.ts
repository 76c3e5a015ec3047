import type { JsonObject } from '../../src/json.ts'

/** A template of one Namespace, one ConfigMap, one Deployment and one Service through the `manifests` step, and a wait for the Deployment. */
export function manifestsTemplate(
  name: string,
  more: { nodeSelector?: Record<string, string>; silenceSeconds?: number } = {},
): JsonObject {
  const labels = { app: 'du' }
  const resources = { requests: { cpu: '10m', memory: '16Mi' } }
  const container = { name: 'du', image: 'registry.k8s.io/pause:3.10', resources }
  const pod = {
    metadata: { labels },
    spec: { containers: [container], ...(more.nodeSelector && { nodeSelector: more.nodeSelector }) },
  }
  return {
    name,
    version: '1.0.0',
    description: 'Objects by server-side apply, and a wait for the Deployment',
    result: 'resources',
    timeoutSeconds: 300,
    parameterSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['oCloud', 'namespace'],
      additionalProperties: false,
      properties: {
        oCloud: { type: 'string', format: 'o-cloud' },
        namespace: { type: 'string' },
        password: { type: 'string', writeOnly: true },
      },
    },
    steps: [
      {
        name: 'objects',
        uses: 'manifests',
        with: {
          target: '{{ oCloud }}',
          objects: [
            { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{{ namespace }}' } },
            {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              metadata: { name: 'du-config', namespace: '{{ namespace }}' },
              data: { cell: '1' },
            },
            {
              apiVersion: 'v1',
              kind: 'Secret',
              metadata: { name: 'du-secret', namespace: '{{ namespace }}' },
              stringData: { password: '{{ password }}' },
            },
            {
              apiVersion: 'apps/v1',
              kind: 'Deployment',
              metadata: { name: 'du', namespace: '{{ namespace }}' },
              spec: { replicas: 1, selector: { matchLabels: labels }, template: pod },
            },
          ],
        },
      },
      {
        name: 'ready',
        uses: 'await',
        with: {
          target: '{{ oCloud }}',
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          namespace: '{{ namespace }}',
          name: 'du',
          condition: 'Available',
          ...(more.silenceSeconds && { silenceSeconds: more.silenceSeconds }),
        },
      },
      { name: 'report', uses: 'report' },
    ],
  }
}

/** The six fields for a template and its parameters. */
export function requestFor(
  id: string,
  templateName: string,
  templateParameters: JsonObject,
  options?: JsonObject,
): JsonObject {
  return {
    provisioningRequestId: id,
    name: id,
    description: `test ${id}`,
    templateName,
    templateVersion: '1.0.0',
    templateParameters,
    ...(options && { options }),
  }
}
