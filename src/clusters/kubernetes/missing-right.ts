const FORBIDDEN =
  /User "[^"]*" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)"| at the cluster scope)/

/** The words of an API server, or of a tool that repeats them, and, where they say that a right is missing, which one to give. */
export function withMissingRight(words: string): string {
  const [, verb, resource, group, namespace] = FORBIDDEN.exec(words) ?? []
  if (verb === undefined || resource === undefined) return words
  const what = group ? `${resource}.${group}` : resource
  const where = namespace === undefined ? 'at the cluster scope' : `in namespace ${namespace}`
  return `${words} (its account may not ${verb} ${what} ${where}: give it that right, then retry)`
}
