import { parse } from 'yaml'
import { listAt, stringAt } from '../clusters/fields.ts'
import { messageOf, ServiceError } from '../errors.ts'

const SCHEME = 'simulated://'

/** The kubeconfig of a simulated O-Cloud: of the usual shape, with an address that only an operator which we play can follow. It holds no secret. */
export function simulatedKubeconfig(oCloudId: string): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '  - name: simulated',
    `    cluster: {server: "${SCHEME}${oCloudId}"}`,
    'users:',
    '  - name: simulated',
    '    user: {}',
    'contexts:',
    '  - name: simulated',
    '    context: {cluster: simulated, user: simulated}',
    'current-context: simulated',
    '',
  ].join('\n')
}

/**
 * The O-Cloud that such a kubeconfig leads to; undefined when it leads to a real address.
 * @throws ServiceError INVALID_KUBECONFIG when it cannot be read; the message holds nothing of it
 */
export function simulatedTarget(kubeconfig: string): string | undefined {
  const server = listAt(parsed(kubeconfig), 'clusters')
    .map((entry) => stringAt(entry, 'cluster', 'server'))
    .find((address) => address !== undefined)
  if (server === undefined) throw unusable('it names no server')
  return server.startsWith(SCHEME) ? server.slice(SCHEME.length) : undefined
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch (error) {
    // The parser's own words quote the text.
    const kind = error instanceof Error ? error.name : messageOf(error)
    throw unusable(`it is not YAML (${kind})`)
  }
}

function unusable(why: string): ServiceError {
  return new ServiceError('INVALID_KUBECONFIG', `The kubeconfig cannot be used: ${why}.`)
}
