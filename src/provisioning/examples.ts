/** Bodies that work as they stand, on a service that has loaded its samples: the O-Cloud `sim-edge-1` and the template `kpt-workload` 1.0.0. */
const REQUEST_ID = '3a6f5c1e-8a55-4b0e-9d0c-1c8d7f3f0a11'

export const smoPathExample = { provisioningRequestId: 'smo-0001' }
export const pathExample = { provisioningRequestId: REQUEST_ID }
/** Waits for approval: see `frontDoorExamples.approval`. */
export const approvalPathExample = { provisioningRequestId: 'ran-to-approve' }

const data = {
  provisioningRequestId: REQUEST_ID,
  name: 'ran at sim-edge-1',
  description: 'DU and CU on a simulated O-Cloud',
  templateName: 'kpt-workload',
  templateVersion: '1.0.0',
  templateParameters: { oCloud: 'sim-edge-1', namespace: 'ran-example' },
}

export const canonicalExamples = {
  workload: {
    summary: 'A workload on a simulated O-Cloud',
    value: {
      ...data,
      provisioningRequestId: 'smo-0001',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'ran-smo-0001' },
    },
  },
}

export const frontDoorExamples = {
  workload: { summary: 'A workload on a simulated O-Cloud', value: data },
  cluster: {
    summary: 'A simulated cluster, registered as an O-Cloud of its own',
    value: {
      ...data,
      provisioningRequestId: 'example-cluster',
      name: 'example cluster',
      description: 'A cluster that nothing real stands behind',
      templateName: 'kind-cluster',
      templateParameters: { clusterName: 'example-cluster', driver: 'simulated', workers: 1 },
    },
  },
  slow: {
    summary: 'The same, 3 seconds a step: time to watch the events',
    value: {
      ...data,
      provisioningRequestId: 'slow-ran',
      name: 'slow ran at sim-edge-1',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'ran-slow' },
      options: { timeoutSeconds: 300, cleanupOnFailure: true, simulation: { stepDelayMs: 3000 } },
    },
  },
  failing: {
    summary: 'Fails at the step workload and is undone',
    value: {
      ...data,
      provisioningRequestId: 'failing-ran',
      name: 'failing ran at sim-edge-1',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'ran-failing' },
      options: { simulation: { failAt: 'workload' } },
    },
  },
  approval: {
    summary: 'Waits until somebody approves it; urgent then',
    value: {
      ...data,
      ...approvalPathExample,
      name: 'ran to approve',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'ran-to-approve' },
      options: { priority: 90, retries: 3, approval: { required: true, approvers: ['platform-team', 'network-team'] } },
    },
  },
}

export const decisionExamples = {
  approve: { summary: 'Approved', value: { approver: 'platform-team', comment: 'fits the plan of this week' } },
  reject: { summary: 'Rejected', value: { approver: 'network-team', comment: 'the site is being rebuilt' } },
}

const info = {
  provisioningRequestData: data,
  provisioningRequestReference: 'c2b05a1c-5a0e-4e0c-8d8e-0c4c5a0f6b11',
  status: { updateTime: '2026-11-23T10:00:00.000Z', message: 'waiting for a worker', provisioningPhase: 'PENDING' },
}

export const infoExample = info

export const frontDoorInfoExample = {
  ...info,
  progress: {
    percent: 0,
    currentStep: null,
    generation: 1,
    deadline: null,
    simulated: true,
    steps: [
      { name: 'check', uses: 'preflight', state: 'PENDING' },
      { name: 'workload', uses: 'kpt-package', state: 'PENDING' },
    ],
  },
  links: {
    events: `/o2ims/v1/provisioningRequests/${REQUEST_ID}/events`,
    report: `/o2ims/v1/provisioningRequests/${REQUEST_ID}/report`,
  },
}

export const planExample = {
  dryRun: true,
  steps: [
    {
      name: 'workload',
      uses: 'kpt-package',
      changes: [
        {
          action: 'create',
          object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'ran-example', name: 'du' },
        },
      ],
    },
  ],
}

export const eventsExample = `id: 1763899200000-0
event: step
data: {"provisioningRequestId":"${REQUEST_ID}","generation":1,"step":"workload","state":"RUNNING","percent":35,"message":"2 of 3 ready","at":"2026-11-23T10:00:03.000Z"}

id: 1763899201000-0
event: end
data: {"provisioningPhase":"FULFILLED"}
`

export const logsExample = `{"time":"2026-11-23T10:00:00.100Z","level":"info","msg":"started","provisioningPhase":"PROGRESSING","generation":1}
{"time":"2026-11-23T10:00:03.000Z","level":"info","msg":"2 of 3 ready","step":"workload","state":"RUNNING","percent":35,"generation":1}
{"time":"2026-11-23T10:00:04.200Z","level":"info","msg":"3 objects, 3 changed","step":"workload","state":"SUCCEEDED","percent":50,"generation":1,"durationMs":4100}
`

export const diagnosticsExample = {
  collectedAt: '2026-11-23T10:00:05.000Z',
  generation: 1,
  phase: 'FAILED',
  failure: { code: 'TIMEOUT', step: 'workload', cause: 'not done within 60 s; last seen: 1 of 2 ready' },
  causes: [
    'image registry.example/du:1.1 cannot be pulled for pod ran-example/du-7d9f-x2k4 on sim-edge-1: ImagePullBackOff: Back-off pulling image',
  ],
  targets: [
    {
      oCloudId: '6f0c5b1e-57aa-4a35-9a2a-0a4f6d4c1f22',
      name: 'sim-edge-1',
      simulated: true,
      endpoint: 'simulated://6f0c5b1e-57aa-4a35-9a2a-0a4f6d4c1f22',
      reachable: true,
      version: 'v1.33.0+simulated',
      pods: [
        {
          namespace: 'ran-example',
          name: 'du-7d9f-x2k4',
          ours: true,
          phase: 'Pending',
          problem: 'image',
          message: 'ImagePullBackOff: Back-off pulling image',
          container: 'du',
          image: 'registry.example/du:1.1',
        },
      ],
      notCollected: [{ what: 'events', why: 'timed out after 5 s' }],
    },
  ],
}

export const reportExample = `# ran at sim-edge-1: FULFILLED

all steps are done

**Simulated:** no real cluster was touched.
`

export const reportHtmlExample = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>ran at sim-edge-1: FULFILLED</title></head>
<body><main><h1>ran at sim-edge-1: FULFILLED</h1></main></body>
</html>
`

export const statusTableExample = `RESOURCE                       TYPE            STATUS               MESSAGE
3a6f5c1e-8a55-4b0e-9d0c-1c8d7… ProvisioningReq InProgress           workload: 2 of 3 ready
sim-edge-1                     Cluster         Ready                v1.33.0+simulated, 3 nodes
ran-example/du                 Deployment      InProgress           workload: 2 of 3 ready
`
