import type { Component } from './npm-packages.ts'

type Target = 'api' | 'worker'

/** Which tools the worker has besides those of Debian, and what they are called elsewhere. */
const TOOLS = { KIND: 'golang/sigs.k8s.io/kind', KUBECTL: 'generic/kubectl', KPT: 'golang/github.com/kptdev/kpt' }

/** What a Dockerfile says with ARG. */
function argument(dockerfile: string, name: string): string {
  const [, value] = new RegExp(`^ARG ${name}=(.+)$`, 'm').exec(dockerfile) ?? []
  if (value === undefined) throw new Error(`Dockerfile has no ARG ${name}`)
  return value
}

/** The image that a target stands on. */
export function bases(dockerfile: string, target: Target): Component[] {
  return [container(argument(dockerfile, target === 'api' ? 'API_BASE' : 'WORKER_BASE'))]
}

/** Programs that are no package: Node, and what the worker drives. */
export function tools(dockerfile: string, target: Target): Component[] {
  const [, nodeVersion = ''] = /:([\d.]+)-/.exec(argument(dockerfile, 'NODE_IMAGE')) ?? []
  const node = program('node', nodeVersion, 'generic/node')
  if (target === 'api') return [node]
  const [, docker = ''] = /^FROM (docker:\S+) AS docker-cli$/m.exec(dockerfile) ?? []
  const released = Object.entries(TOOLS).map(([name, purl]) =>
    program(name.toLowerCase(), argument(dockerfile, `${name}_VERSION`), purl),
  )
  return [node, ...released, container(docker)]
}

function program(name: string, version: string, kind: string): Component {
  const purl = `pkg:${kind}@${version}`
  return { type: 'application', name, version, 'bom-ref': purl, purl }
}

function container(image: string): Component {
  const at = image.lastIndexOf(':')
  return { type: 'container', name: image.slice(0, at), version: image.slice(at + 1), 'bom-ref': image }
}
