import { approvalWords } from './approval.ts'
import type { Report, StepProgress } from './schema.ts'

/** Words, which of them are strong, and what is code. */
export type Inline = string | { strong: string } | { code: string }

/** What a report is made of, however it is written. Every word in it may come from elsewhere: who writes it escapes it. */
export type Block =
  | { heading: 1 | 2; words: string }
  | { paragraph: Inline[] }
  | { table: { head: string[]; rows: string[][] } }
  | { list: Inline[][] }

/** The report for people. */
export function documentOf(report: Report): Block[] {
  return [
    ...heading(report),
    ...facts(report),
    ...steps(report),
    ...oClouds(report),
    ...workloads(report),
    ...services(report),
    ...objects(report),
    ...cause(report),
    ...reach(report),
    ...undo(report),
  ]
}

function heading(report: Report): Block[] {
  const unfinished: Inline[] = [
    { strong: 'Unfinished:' },
    ` this is how it stands at ${report.percent} %, not how it ended.`,
  ]
  return [
    { heading: 1, words: `${report.name}: ${report.provisioningPhase}` },
    { paragraph: [report.message] },
    ...(report.finished ? [] : [{ paragraph: unfinished }]),
    ...(report.simulated ? [{ paragraph: [{ strong: 'Simulated:' }, ' no real cluster was touched.'] }] : []),
  ]
}

function facts(report: Report): Block[] {
  const rows: [string, string | undefined][] = [
    ['Request', report.provisioningRequestId],
    ['Reference', report.provisioningRequestReference],
    ['Description', report.description === '' ? undefined : report.description],
    ['Template', `${report.template.name} ${report.template.version}`],
    ['Generation', String(report.generation)],
    ['Asked for', report.createdAt],
    ['Approval', report.approval && approvalWords(report.approval)],
    ['Started', report.startedAt],
    ['Finished', report.finishedAt],
    ['Took', report.durationMs === undefined ? undefined : seconds(report.durationMs)],
    ['Deadline', report.deadline ?? undefined],
    ['Node cluster', report.provisionedResourceSet?.nodeClusterId],
    ['Resources', report.provisionedResourceSet?.infrastructureResourceIds?.join(', ')],
  ]
  return table(
    ['', ''],
    rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function steps(report: Report): Block[] {
  const rows = report.steps.map((step) => [
    step.name,
    step.uses,
    step.state,
    step.durationMs === undefined ? '' : seconds(step.durationMs),
    step.message ?? '',
  ])
  return section('Steps', table(['Step', 'Uses', 'State', 'Took', 'Message'], rows))
}

function oClouds({ observed }: Report): Block[] {
  const rows = (observed?.oClouds ?? []).map((oCloud) => [
    oCloud.name ?? oCloud.oCloudId,
    oCloud.reachable ? 'reachable' : `not reachable: ${oCloud.message ?? 'no answer'}`,
    oCloud.endpoint ?? '',
    oCloud.version ?? '',
    oCloud.nodes === undefined ? '' : String(oCloud.nodes),
    amounts(oCloud.capacity),
    amounts(oCloud.allocatable),
  ])
  const told = (observed?.oClouds ?? []).flatMap(({ name, oCloudId, endpoints = [], compliance = {} }) => [
    ...endpoints.map((endpoint) => [name ?? oCloudId, endpoint.name, endpoint.url]),
    ...Object.entries(compliance).map(([standard, version]) => [
      name ?? oCloudId,
      `complies with ${standard}`,
      version,
    ]),
  ])
  const head = ['O-Cloud', 'State', 'API server', 'Version', 'Nodes', 'Capacity', 'Allocatable']
  return [
    ...section('O-Clouds', rows.length === 0 ? [] : [...seenAt(observed), ...table(head, rows)]),
    ...section('What their operators say of them', table(['O-Cloud', 'What', 'Value'], told)),
  ]
}

/** A report is read long after. */
function seenAt(observed: Report['observed']): Block[] {
  return observed ? [{ paragraph: [`They and what stands on them, as seen at ${observed.at}.`] }] : []
}

function workloads({ observed }: Report): Block[] {
  const rows = (observed?.workloads ?? []).map((workload) => [
    nameOf(workload.oCloudId, observed),
    workload.kind,
    workload.namespace ?? '',
    workload.name,
    workload.ready ? workload.state : `not ready: ${workload.state}`,
    amounts(workload.requests),
    workload.images.join(', '),
  ])
  const head = ['O-Cloud', 'Kind', 'Namespace', 'Name', 'State', 'Asks for', 'Images']
  return section('Workloads', table(head, rows))
}

function services({ observed }: Report): Block[] {
  const rows = (observed?.services ?? []).map((service) => [
    nameOf(service.oCloudId, observed),
    service.namespace ?? '',
    service.name,
    service.type,
    service.addresses.join(', '),
  ])
  return section('Endpoints', table(['O-Cloud', 'Namespace', 'Service', 'Type', 'Addresses'], rows))
}

function objects(report: Report): Block[] {
  const rows = report.steps.flatMap((step) =>
    (step.objects ?? []).map((object) => [step.name, ...objectCells(object), object.action]),
  )
  return section('Objects', table(['Step', 'Kind', 'Namespace', 'Name', 'Action'], rows))
}

function cause({ error }: Report): Block[] {
  if (!error) return []
  const where = error.step === null ? '' : ` in step ${error.step}`
  const undone = table(['Kind', 'Namespace', 'Name'], error.undone.map(objectCells))
  const left = table(
    ['Kind', 'Namespace', 'Name', 'Why'],
    error.left.map((object) => [...objectCells(object), object.reason]),
  )
  return [
    { heading: 2, words: 'Why it failed' },
    { paragraph: [{ strong: error.code }, `${where}: ${error.cause}`] },
    { paragraph: [undone.length === 0 ? 'Nothing was undone.' : 'Undone:'] },
    ...undone,
    { paragraph: [left.length === 0 ? 'Nothing was left behind.' : 'Left behind:'] },
    ...left,
    ...(error.rolledBackTo === undefined
      ? []
      : [{ paragraph: [`Rolled back: generation ${error.rolledBackTo} stands again.`] }]),
  ]
}

function reach({ access, observed }: Report): Block[] {
  const list = access.map(({ oCloudId, oCloud, kubeconfig }): Inline[] => {
    const seen = observed?.oClouds.find((candidate) => candidate.oCloudId === oCloudId)
    const name = seen?.name === undefined ? '' : ` ${seen.name}`
    const at: Inline[] = seen?.endpoint === undefined ? [] : [', its API server: ', { code: seen.endpoint }]
    return kubeconfig === undefined
      ? [`O-Cloud${name}: `, { code: `GET ${oCloud}` }, ...at]
      : [
          `The new cluster${name}: `,
          { code: `GET ${oCloud}` },
          ', its kubeconfig: ',
          { code: `GET ${kubeconfig}` },
          ...at,
        ]
  })
  return list.length === 0 ? [] : [{ heading: 2, words: 'How to reach it' }, { list }]
}

function undo({ undo: { method, path } }: Report): Block[] {
  return [{ heading: 2, words: 'How to undo it' }, { paragraph: [{ code: `${method} ${path}` }] }]
}

/** Nothing where there are no rows. */
function table(head: string[], rows: string[][]): Block[] {
  return rows.length === 0 ? [] : [{ table: { head, rows } }]
}

const section = (words: string, blocks: Block[]): Block[] =>
  blocks.length === 0 ? [] : [{ heading: 2, words }, ...blocks]

function objectCells(object: NonNullable<StepProgress['objects']>[number]): [string, string, string] {
  return [`${object.kind} (${object.apiVersion})`, object.namespace ?? '', object.name]
}

const nameOf = (oCloudId: string, observed: Report['observed']): string =>
  observed?.oClouds.find((oCloud) => oCloud.oCloudId === oCloudId)?.name ?? oCloudId

/** `cpu 4, memory 16Gi, pods 110`: the three that people ask about. */
function amounts(of: Record<string, string> | undefined): string {
  return ['cpu', 'memory', 'pods']
    .flatMap((name) => (of?.[name] === undefined ? [] : [`${name} ${of[name]}`]))
    .join(', ')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
