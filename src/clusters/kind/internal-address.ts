import { isMap, isSeq, parseDocument } from 'yaml'

/**
 * A kubeconfig of kind's for its own network, with the address of the control plane in place of its name: the names of containers are known to other
 * containers, but neither to the pods of every node image nor to processes of this host. The certificate of the API server names both. An address may
 * change when the machine starts again; whoever hands the kubeconfig on asks anew then. A name that `addressOf` does not know stays.
 */
export function withAddress(kubeconfig: string, addressOf: (host: string) => string | undefined): string {
  const document = parseDocument(kubeconfig)
  const clusters = document.get('clusters')
  for (const entry of isSeq(clusters) ? clusters.items : []) {
    const server = isMap(entry) ? entry.getIn(['cluster', 'server']) : undefined
    if (!isMap(entry) || typeof server !== 'string' || !URL.canParse(server)) continue
    const url = new URL(server)
    const address = addressOf(url.hostname)
    if (address !== undefined) entry.setIn(['cluster', 'server'], `https://${address}:${url.port}`)
  }
  return document.toString()
}
