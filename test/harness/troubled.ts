/** A workload, and how it goes wrong. */
export interface Shape {
  kind?: 'Deployment' | 'Job'
  trouble?: string
  log?: string
  image?: string
  args?: string[]
  command?: string[]
  nodeSelector?: Record<string, string>
  cpu?: string
  more?: object[]
  silenceSeconds?: number
}

/** A template that applies one workload and waits for it. */
export function workloadTemplate(
  name: string,
  {
    kind = 'Deployment',
    trouble,
    log,
    cpu = '10m',
    image = 'registry.example/du:1.1',
    args,
    command,
    nodeSelector,
    more = [],
    silenceSeconds = 1,
  }: Shape,
) {
  const annotations = {
    ...(trouble && { 'o2ims.simulated/trouble': trouble }),
    ...(log && { 'o2ims.simulated/log': log }),
  }
  const pod = {
    metadata: { labels: { app: name }, annotations },
    spec: {
      ...(kind === 'Job' && { restartPolicy: 'Never' }),
      terminationGracePeriodSeconds: 0,
      ...(nodeSelector && { nodeSelector }),
      containers: [
        { name: 'main', image, ...(command && { command }), ...(args && { args }), resources: { requests: { cpu } } },
      ],
    },
  }
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1'
  // Without a probe a container that ends at once has been ready for an instant.
  const own = kind === 'Job' ? { backoffLimit: 0 } : { minReadySeconds: 5, selector: { matchLabels: { app: name } } }
  const target = '{{ oCloud }}'
  return {
    name,
    version: '1.0.0',
    description: name,
    result: 'resources',
    timeoutSeconds: 20,
    parameterSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['oCloud'],
      additionalProperties: false,
      properties: { oCloud: { type: 'string', format: 'o-cloud' }, password: { type: 'string', writeOnly: true } },
    },
    steps: [
      {
        name: 'objects',
        uses: 'manifests',
        with: {
          target,
          objects: [
            { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
            ...more,
            {
              apiVersion,
              kind,
              metadata: { name, namespace: name },
              spec: { ...own, template: pod },
            },
          ],
        },
      },
      {
        name: 'ready',
        uses: 'await',
        with: {
          target,
          apiVersion,
          kind,
          name,
          namespace: name,
          condition: kind === 'Job' ? 'Complete' : 'Available',
          silenceSeconds,
        },
      },
    ],
  }
}
