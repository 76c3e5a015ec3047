import { z } from 'zod'
import type { KubernetesObject } from '../../clusters/cluster.ts'
import { isLoopback, kubeconfigFor, serverAddress } from '../../clusters/kubeconfig-server.ts'
import { credentialsOf } from '../../clusters/kubernetes/kubeconfig.ts'
import { ServiceError } from '../../errors.ts'
import { createRedactor } from '../run/redaction.ts'
import { coded } from './coded.ts'
import { manifests } from './manifests.ts'
import { refOf } from './object-order.ts'
import { KNOWN_AFTER_APPLY, type Step, type StepContext } from './step.ts'

const inputs = z.strictObject({
  /** Where the Secret is made. */
  target: z.string().min(1),
  /** Whose kubeconfig it holds. */
  oCloud: z.string().min(1),
  namespace: z.string().min(1),
  /** By default one of this request alone. */
  name: z.string().min(1).max(253).optional(),
  /** The address at which whoever reads the Secret reaches the O-Cloud: a host, a host with a port, or an https address. */
  server: z
    .string()
    .refine((text) => serverAddress(text) !== undefined, {
      message: 'must be a host, host:port or https://host:port',
    })
    .optional(),
})

type Inputs = z.infer<typeof inputs>

/** FoCoM reads this key. */
const KEY = 'kubeconfig'

/**
 * Makes a Secret with the kubeconfig of one registered O-Cloud on another one, its namespace first. The kubeconfig comes from the registry inside the worker and goes to that API server alone.
 */
export const kubeconfigSecret: Step<Inputs> = {
  uses: 'kubeconfig-secret',
  inputs,
  outputs: ['name', 'namespace', 'server'],
  // The kubeconfig is no input: one that was renewed in the registry has to reach the Secret.
  always: true,

  plan: (given, previous, context) =>
    withSecret(given, context, async ({ objects }) =>
      given.target === KNOWN_AFTER_APPLY || given.oCloud === KNOWN_AFTER_APPLY
        ? objects.map((object) => ({ action: 'create', object: refOf(object) }))
        : manifests.plan({ target: given.target, objects, namespace: given.namespace }, previous, context),
    ),

  apply: (given, previous, context) =>
    withSecret(given, context, async ({ objects, name, server }) => {
      const { target, namespace } = given
      const made = await manifests.apply({ target, objects, namespace }, previous, context)
      const unreachable = isLoopback(server)
        ? ', which nothing but this machine reaches: a pod needs another address, the parameter edgeAddress'
        : ''
      const summary = `Secret ${namespace}/${name} leads to ${server}${unreachable}`
      return { ...made, outputs: { name, namespace, server }, notes: { ...made.notes, summary } }
    }),

  async verify(_inputs, made) {
    return made
  },

  undo: (made, scope, context) => manifests.undo(made, scope, context),
}

interface Prepared {
  objects: KubernetesObject[]
  name: string
  server: string
}

/** Whatever fails is SECRET_FAILED, and no message holds a piece of the kubeconfig. */
async function withSecret<T>(
  given: Inputs,
  context: StepContext,
  work: (prepared: Prepared) => Promise<T>,
): Promise<T> {
  const { namespace, name = `${context.step}-${context.request.reference}` } = given
  let secrets: string[] = []
  return await coded(
    'SECRET_FAILED',
    async () => {
      const unknown = given.oCloud === KNOWN_AFTER_APPLY
      const text = unknown ? '' : await context.kubeconfig(given.oCloud)
      secrets = credentialsOf(text)
      const { kubeconfig, server } = unknown ? { kubeconfig: '', server: KNOWN_AFTER_APPLY } : reached(text, given)
      const data = { [KEY]: Buffer.from(kubeconfig).toString('base64') }
      secrets.push(kubeconfig)
      return await work({ objects: objectsOf(namespace, name, data), name, server })
    },
    (message) => createRedactor({ secrets })(message),
  )
}

function reached(text: string, { server }: Inputs): { kubeconfig: string; server: string } {
  const address = server === undefined ? undefined : serverAddress(server)
  const plain = kubeconfigFor(text)
  if (address === undefined) return plain
  if (plain.server.startsWith('https:')) return kubeconfigFor(text, address)
  throw new ServiceError(
    'SECRET_FAILED',
    'the O-Cloud is simulated and has no address that could be replaced: leave "server" out',
  )
}

const objectsOf = (namespace: string, name: string, data: Record<string, string>): KubernetesObject[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque', data },
]
