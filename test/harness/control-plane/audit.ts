import { existsSync, readFileSync } from 'node:fs'

/** One request that the API server answered, as its audit log tells it. */
export interface AuditEntry {
  /** Milliseconds since 1970, when the request arrived. */
  at: number
  user: string
  userAgent: string
  verb: string
  /** e.g. "deployments", "deployments/status"; empty for what is no resource (/version). */
  resource: string
  group: string
  namespace?: string
  name?: string
  uri: string
  dryRun: boolean
  code: number
}

export interface AuditLog {
  /** Every request so far, watches when they started, in the order in which they were answered. */
  entries(filter?: { user?: string; since?: number; verbs?: readonly string[]; resource?: string }): AuditEntry[]
  /** What was really written: no reads, no dry runs, nothing that was refused. */
  writes(filter?: { user?: string; since?: number; resource?: string }): AuditEntry[]
}

/** Metadata of everything. A watch is told when it starts (ResponseStarted), any other request when it has been answered. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{ level: Metadata }]
`

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection']

export function createAuditLog(file: string): AuditLog {
  const entries: AuditLog['entries'] = (filter = {}) => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    // The server may be in the middle of the last line.
    return lines
      .slice(0, -1)
      .flatMap(entryOf)
      .filter(
        (entry) =>
          (filter.user === undefined || entry.user === filter.user) &&
          (filter.since === undefined || entry.at >= filter.since) &&
          (filter.verbs === undefined || filter.verbs.includes(entry.verb)) &&
          (filter.resource === undefined || entry.resource === filter.resource),
      )
  }
  return {
    entries,
    writes: (filter = {}) =>
      entries({ ...filter, verbs: WRITES }).filter((entry) => !entry.dryRun && entry.code >= 200 && entry.code < 300),
  }
}

function entryOf(line: string): AuditEntry[] {
  const told = JSON.parse(line)
  const watching = told.verb === 'watch'
  if (watching !== (told.stage === 'ResponseStarted')) return []
  const { objectRef = {} } = told
  return [
    {
      at: Date.parse(told.requestReceivedTimestamp),
      user: told.user.username,
      userAgent: told.userAgent ?? '',
      verb: told.verb,
      resource: objectRef.subresource ? `${objectRef.resource}/${objectRef.subresource}` : (objectRef.resource ?? ''),
      group: objectRef.apiGroup ?? '',
      namespace: objectRef.namespace,
      name: objectRef.name,
      uri: told.requestURI,
      dryRun: new URL(told.requestURI, 'https://server').searchParams.get('dryRun') === 'All',
      code: told.responseStatus?.code ?? 0,
    },
  ]
}
