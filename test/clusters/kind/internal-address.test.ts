import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { withAddress } from '../../../src/clusters/kind/internal-address.ts'

const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: QUJD
    server: https://edge-control-plane:6443
  name: kind-edge
users:
- name: kind-edge
  user: {client-key-data: REVG}
`

test('the server of an internal kubeconfig is the address of the control plane; everything else stays', () => {
  const changed = parse(withAddress(kubeconfig, (host) => (host === 'edge-control-plane' ? '172.18.0.5' : undefined)))
  const before = parse(kubeconfig)
  before.clusters[0].cluster.server = 'https://172.18.0.5:6443'
  expect(changed).toEqual(before)
})

test('a name without an address stays: that of a load balancer, or of a node that does not run', () => {
  expect(parse(withAddress(kubeconfig, () => undefined))).toEqual(parse(kubeconfig))
})
