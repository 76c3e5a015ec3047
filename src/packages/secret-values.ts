import { parse } from 'yaml'
import type { KubernetesObject } from '../clusters/cluster.ts'
import { isObject, listAt } from '../clusters/fields.ts'

/** Fields of a kubeconfig's user that let somebody in. */
const CREDENTIALS = ['token', 'password', 'client-key-data']

/** What must be in no message: the credentials of the kubeconfig, and what Secrets hold, encoded and plain. */
export function secretValues(kubeconfig: string, objects: readonly KubernetesObject[]): string[] {
  return [...credentialsOf(kubeconfig), ...objects.filter((object) => object.kind === 'Secret').flatMap(contentOf)]
}

function credentialsOf(kubeconfig: string): string[] {
  const users = listAt(parse(kubeconfig), 'users').flatMap((entry) =>
    isObject(entry) && isObject(entry.user) ? [entry.user] : [],
  )
  return users.flatMap((user) => CREDENTIALS.map((field) => user[field])).flatMap(withPlain)
}

function contentOf(secret: KubernetesObject): string[] {
  const data = isObject(secret.data) ? Object.values(secret.data) : []
  const texts = isObject(secret.stringData) ? Object.values(secret.stringData) : []
  const encoded = texts.flatMap((text) =>
    typeof text === 'string' ? [text, Buffer.from(text).toString('base64')] : [],
  )
  return [...data.flatMap(withPlain), ...encoded]
}

function withPlain(value: unknown): string[] {
  return typeof value === 'string' ? [value, Buffer.from(value, 'base64').toString('utf8')] : []
}
