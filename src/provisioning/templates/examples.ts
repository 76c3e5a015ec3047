export const templatePathExample = { name: 'kpt-workload', version: '1.0.0' }

/** What the example of POST publishes: the sample templates stay. */
export const ownTemplatePathExample = { name: 'my-workload', version: '1.0.0' }

export const templateExample = {
  name: 'my-workload',
  version: '1.0.0',
  description: 'The sample package onto a registered O-Cloud',
  result: 'resources',
  timeoutSeconds: 600,
  parameterSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['oCloud'],
    additionalProperties: false,
    properties: {
      oCloud: { type: 'string', format: 'o-cloud', description: 'Id or name' },
      namespace: { type: 'string', default: 'my-workload' },
    },
  },
  steps: [
    { name: 'check', uses: 'preflight', with: { target: '{{ oCloud }}' } },
    {
      name: 'workload',
      uses: 'kpt-package',
      with: { target: '{{ oCloud }}', package: '5g-ran', namespace: '{{ namespace }}' },
    },
    { name: 'report', uses: 'report' },
  ],
}

export const templateExamples = {
  workload: { summary: 'A workload template of your own', value: templateExample },
}
