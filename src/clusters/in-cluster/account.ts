import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { messageOf, ServiceError } from '../../errors.ts'
import type { InClusterSettings } from './settings.ts'

/** The service account of the pod. Both answers are secrets and change: the kubelet renews the token's file. */
export interface InClusterAccount {
  /** The token that counts now. */
  token(): string
  /** For the cluster port and for tools: what counts now, embedded. */
  kubeconfig(): string
}

/**
 * Reads the mounted account anew at each call: its files are in memory, and a token of an hour must not be kept.
 * Both reject with UNAVAILABLE where nothing is mounted.
 */
export function createInClusterAccount({ directory, server }: Omit<InClusterSettings, 'name'>): InClusterAccount {
  function read(file: string): string {
    try {
      return readFileSync(join(directory, file), 'utf8').trim()
    } catch (error) {
      const fault = `the service account of this pod cannot be read: ${messageOf(error)}`
      throw new ServiceError('UNAVAILABLE', `${fault}; mount it (automountServiceAccountToken: true)`, { cause: error })
    }
  }
  const token = () => read('token')
  return {
    token,
    kubeconfig: () =>
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'own',
            cluster: { server, 'certificate-authority-data': Buffer.from(read('ca.crt')).toString('base64') },
          },
        ],
        users: [{ name: 'own', user: { token: token() } }],
        contexts: [{ name: 'own', context: { cluster: 'own', user: 'own' } }],
        'current-context': 'own',
      }),
  }
}
