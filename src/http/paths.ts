import type { Operation } from './operation.ts'

/** Every path that an operation answers on: its own, then its aliases'. */
export function pathsOf(operation: Pick<Operation, 'path' | 'aliases'>): string[] {
  const aliases = (operation.aliases ?? []).map(({ prefix, instead }) => prefix + operation.path.slice(instead.length))
  return [operation.path, ...aliases]
}

/** `/ocloud/{oCloudId}` as Fastify writes it: `/ocloud/:oCloudId`. */
export function fastifyPath(path: string): string {
  return path.replaceAll(/\{([^}]+)\}/g, ':$1')
}

/** The methods that are defined on the path of a URL; undefined when no such path exists. */
export function allowedMethods(operations: readonly Operation[], url: string): string[] | undefined {
  const segments = pathname(url).split('/')
  const methods = operations
    .filter((operation) => pathsOf(operation).some((path) => matches(path.split('/'), segments)))
    .flatMap((operation) =>
      operation.method === 'GET' && operation.head !== false ? ['GET', 'HEAD'] : [operation.method],
    )
  if (methods.length === 0) return undefined
  return [...new Set([...methods, 'OPTIONS'])]
}

/** The path of a URL without its query. One slash at the end makes no difference, as for the router (`ignoreTrailingSlash` in app.ts). */
export function pathname(url: string): string {
  const path = url.split('?', 1)[0] ?? url
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function matches(pattern: string[], segments: string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index]))
  )
}
