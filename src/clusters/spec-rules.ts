import { type Document, parseAllDocuments } from 'yaml'
import { plainValue } from '../plain-yaml.ts'

const LABEL_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/
const LABEL_PREFIX = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** The only labels of Kubernetes' own that a kubelet may give its node (NodeRestriction); with any other it does not start. */
const OF_KUBERNETES = /(^|\.)(kubernetes|k8s)\.io$/
const KUBELET_MAY = /(^|\.)(kubelet|node)\.kubernetes\.io$/
const TOPOLOGY = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone']

/** Why a node cannot be made with that label; undefined when it can. */
export function labelProblem(key: string, value: string): string | undefined {
  const parts = key.split('/')
  const [name = ''] = parts.slice(-1)
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined
  if (parts.length > 2 || !LABEL_NAME.test(name) || (prefix !== undefined && !LABEL_PREFIX.test(prefix))) {
    return `${JSON.stringify(key.slice(0, 80))} is no label key of Kubernetes`
  }
  if (value !== '' && !LABEL_NAME.test(value)) return `the value of ${key} is no label value of Kubernetes`
  if (prefix === undefined || !OF_KUBERNETES.test(prefix)) return undefined
  if (KUBELET_MAY.test(prefix) || TOPOLOGY.includes(key)) return undefined
  return `a kubelet may not give its node the label ${key}; take a prefix of your own`
}

/** The documents that kind writes for kubeadm. A patch for another kind would match nothing and do nothing. */
const KUBEADM_KINDS = [
  'ClusterConfiguration',
  'InitConfiguration',
  'JoinConfiguration',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
]
const LONGEST_PATCH = 16 * 1024

/** Why a text is no patch of the kubeadm configuration; undefined when it is one. */
export function patchProblem(text: string): string | undefined {
  if (text.length > LONGEST_PATCH) return `is longer than ${LONGEST_PATCH} characters`
  const documents = parseAllDocuments(text)
  const [document, ...more] = 'empty' in documents ? [] : documents
  if (document === undefined || more.length > 0) return 'must be one YAML document'
  const [error] = document.errors
  if (error !== undefined) return `is no YAML: ${error.message.split('\n')[0]}`
  const content = read(document)
  if (content === undefined) return 'must be a YAML mapping'
  const { kind, apiVersion } = content
  if (typeof kind !== 'string' || !KUBEADM_KINDS.includes(kind)) return `must have a kind: ${KUBEADM_KINDS.join(', ')}`
  if (apiVersion !== undefined && typeof apiVersion !== 'string') return 'has an apiVersion that is no text'
  if (Object.keys(content).every((key) => key === 'kind' || key === 'apiVersion')) return 'changes nothing'
  return undefined
}

function read(document: Document): Record<string, unknown> | undefined {
  let content: unknown
  try {
    content = plainValue(document)
  } catch {
    // Aliases that lead nowhere, or too far.
    return undefined
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return undefined
  return { ...content }
}
