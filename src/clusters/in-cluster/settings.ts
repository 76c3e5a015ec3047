import { resolve } from 'node:path'
import { z } from 'zod'
import { oCloudNameSchema } from '../schema.ts'

/** Where Kubernetes mounts the account of a pod. */
const MOUNTED = '/var/run/secrets/kubernetes.io/serviceaccount'
const SET_BY_KUBERNETES = 'Kubernetes sets it in each pod.'

/** The settings of the cluster that this service runs in. */
export const IN_CLUSTER_SETTINGS = {
  IN_CLUSTER_OCLOUD: oCloudNameSchema.optional().meta({
    description:
      'Name of the O-Cloud that stands for the cluster in which this service runs: registered at the start, reached with the service account of the pod. The same for every replica.',
    shown: 'none: there is no such O-Cloud',
  }),
  SERVICE_ACCOUNT_DIR: z
    .string()
    .default(MOUNTED)
    .transform((path) => resolve(path))
    .describe('Folder with `token` and `ca.crt` of that service account.'),
  KUBERNETES_SERVICE_HOST: z
    .string()
    .optional()
    .meta({ description: `Where IN_CLUSTER_OCLOUD has its API server. ${SET_BY_KUBERNETES}`, shown: 'none' }),
  KUBERNETES_SERVICE_PORT: z.string().default('443').describe(`Port of KUBERNETES_SERVICE_HOST. ${SET_BY_KUBERNETES}`),
}

export interface InClusterSettings {
  name: string
  directory: string
  /** e.g. "https://10.96.0.1:443" */
  server: string
}

interface InClusterEnvironment {
  IN_CLUSTER_OCLOUD?: string | undefined
  SERVICE_ACCOUNT_DIR: string
  KUBERNETES_SERVICE_HOST?: string | undefined
  KUBERNETES_SERVICE_PORT: string
}

/** Undefined where no O-Cloud stands for the service's own cluster, and outside of a pod (`inClusterFaults` tells). */
export function inClusterSettings(env: InClusterEnvironment): InClusterSettings | undefined {
  const { IN_CLUSTER_OCLOUD: name, SERVICE_ACCOUNT_DIR: directory, KUBERNETES_SERVICE_HOST: host } = env
  if (name === undefined || host === undefined) return undefined
  const authority = host.includes(':') ? `[${host}]` : host
  return { name, directory, server: `https://${authority}:${env.KUBERNETES_SERVICE_PORT}` }
}

/** What is wrong with them together, a line each. */
export function inClusterFaults({ IN_CLUSTER_OCLOUD: name, KUBERNETES_SERVICE_HOST: host }: Record<string, unknown>) {
  if (name === undefined || host !== undefined) return []
  return [
    'IN_CLUSTER_OCLOUD: there is no KUBERNETES_SERVICE_HOST, so this process runs in no pod; leave it out and register the cluster with a kubeconfig',
  ]
}
