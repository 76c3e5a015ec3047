const OCLOUD_ID = '6f0c2d8e-4d0b-4a55-9b7e-3b1f0f7c2a10'

export const oCloudPathExample = { oCloudId: OCLOUD_ID }

/** A kubeconfig of the right shape that points to this machine: it is accepted and reads as not reachable. */
export const kubeconfigExample = `apiVersion: v1
kind: Config
clusters:
  - name: edge
    cluster:
      server: https://127.0.0.1:6443
contexts:
  - name: edge
    context:
      cluster: edge
      user: edge
current-context: edge
users:
  - name: edge
    user:
      token: example
`

const place = {
  description: 'A site of your own',
  location: {
    globalLocationId: 'TW-HSZ',
    name: 'Hsinchu',
    coordinate: { type: 'Point', coordinates: [120.99, 24.78] },
  },
  site: { oCloudSiteId: 'hsinchu-1', name: 'Hsinchu 1' },
  labels: { environment: 'edge' },
}

const said = {
  endpoints: [
    { name: 'api-server', url: 'https://192.0.2.45:6443', protocol: 'https' },
    { name: 'metrics', url: 'https://192.0.2.45:9090', protocol: 'https' },
  ],
  compliance: { oran: 'WG6.O2-v2.0', kubernetes: 'v1.33' },
}

export const oCloudExamples = {
  simulated: {
    summary: 'An O-Cloud that the service plays itself',
    value: { name: 'sim-lab-1', ...place, simulated: true },
  },
  kubeconfig: {
    summary: 'A cluster by its kubeconfig',
    value: { name: 'lab-2', ...place, ...said, kubeconfig: kubeconfigExample },
  },
}

export const oCloudExample = {
  oCloudId: OCLOUD_ID,
  name: 'sim-lab-1',
  ...place,
  simulated: true,
  managed: false,
  createdAt: '2026-11-23T10:00:00.000Z',
  status: {
    reachable: true,
    version: 'v1.33.13',
    nodes: 3,
    capacity: { cpu: '48', memory: '192Gi', pods: '330' },
    allocatable: { cpu: '48', memory: '192Gi', pods: '330' },
    checkedAt: '2026-11-23T10:00:00.000Z',
  },
}
