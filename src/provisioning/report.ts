import { approvalWords } from './approval.ts'
import type { ProvisioningRecord } from './record.ts'
import { durationOf, FRONT_DOOR, failure, stepProgress } from './representation.ts'
import type { Report, StepProgress } from './schema.ts'

/** What happened to a request, from its record alone. Before the end it says that it is unfinished. */
export function reportOf(record: ProvisioningRecord): Report {
  return {
    provisioningRequestId: record.provisioningRequestId,
    provisioningRequestReference: record.reference,
    name: record.data.name,
    description: record.data.description,
    template: { name: record.data.templateName, version: record.data.templateVersion },
    simulated: record.simulated,
    finished: record.phase === 'FULFILLED' || record.phase === 'FAILED',
    provisioningPhase: record.phase,
    message: record.message,
    generation: record.generation,
    percent: record.percent,
    createdAt: record.createdAt,
    ...(record.startedAt !== undefined && { startedAt: record.startedAt }),
    ...(record.finishedAt !== undefined && { finishedAt: record.finishedAt }),
    ...durationOf(record.startedAt, record.finishedAt),
    deadline: record.deadline,
    steps: record.steps.map(stepProgress),
    ...(record.approval && { approval: { ...record.approval } }),
    ...(record.error && { error: failure(record.error) }),
    ...(record.provisionedResourceSet && { provisionedResourceSet: record.provisionedResourceSet }),
    access: access(record),
    undo: { method: 'DELETE', path: `${FRONT_DOOR}/${record.provisioningRequestId}` },
  }
}

function access({ oCloudIds, provisionedResourceSet, simulated, steps }: ProvisioningRecord): Report['access'] {
  // A cluster that an operator made has an id, and is no O-Cloud of ours.
  const own = steps.some(({ uses }) => uses === 'kind-cluster')
  const made = own ? provisionedResourceSet?.nodeClusterId : undefined
  return [...new Set(made === undefined ? oCloudIds : [...oCloudIds, made])].map((oCloudId) => {
    const oCloud = `/o2ims/v1/ocloud/${oCloudId}`
    return { oCloudId, oCloud, ...(oCloudId === made && !simulated && { kubeconfig: `${oCloud}/kubeconfig` }) }
  })
}

/** The report for people. */
export function reportMarkdown(report: Report): string {
  return [heading(report), facts(report), steps(report), objects(report), cause(report), reach(report), undo(report)]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

function heading(report: Report): string {
  const unfinished = report.finished
    ? []
    : [`**Unfinished:** this is how it stands at ${report.percent} %, not how it ended.`]
  const simulated = report.simulated ? ['**Simulated:** no real cluster was touched.'] : []
  return [
    `# ${text(report.name)}: ${report.provisioningPhase}`,
    text(report.message),
    ...unfinished,
    ...simulated,
  ].join('\n\n')
}

function facts(report: Report): string {
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

function steps(report: Report): string {
  const rows = report.steps.map((step) => [
    step.name,
    step.uses,
    step.state,
    step.durationMs === undefined ? '' : seconds(step.durationMs),
    step.message ?? '',
  ])
  return `## Steps\n\n${table(['Step', 'Uses', 'State', 'Took', 'Message'], rows)}`
}

function objects(report: Report): string {
  const rows = report.steps.flatMap((step) =>
    (step.objects ?? []).map((object) => [step.name, ...objectCells(object), object.action]),
  )
  return rows.length === 0 ? '' : `## Objects\n\n${table(['Step', 'Kind', 'Namespace', 'Name', 'Action'], rows)}`
}

function cause({ error }: Report): string {
  if (!error) return ''
  const where = error.step === null ? '' : ` in step ${text(error.step)}`
  const undone = error.undone.map((object) => [...objectCells(object)])
  const left = error.left.map((object) => [...objectCells(object), object.reason])
  return [
    `## Why it failed\n\n**${error.code}**${where}: ${text(error.cause)}`,
    undone.length === 0 ? 'Nothing was undone.' : `Undone:\n\n${table(['Kind', 'Namespace', 'Name'], undone)}`,
    left.length === 0
      ? 'Nothing was left behind.'
      : `Left behind:\n\n${table(['Kind', 'Namespace', 'Name', 'Why'], left)}`,
    ...(error.rolledBackTo === undefined ? [] : [`Rolled back: generation ${error.rolledBackTo} stands again.`]),
  ].join('\n\n')
}

function reach(report: Report): string {
  if (report.access.length === 0) return ''
  const lines = report.access.map(({ oCloud, kubeconfig }) =>
    kubeconfig === undefined
      ? `- O-Cloud: \`GET ${oCloud}\``
      : `- The new cluster: \`GET ${oCloud}\`, its kubeconfig: \`GET ${kubeconfig}\``,
  )
  return `## How to reach it\n\n${lines.join('\n')}`
}

function undo(report: Report): string {
  return `## How to undo it\n\n\`${report.undo.method} ${report.undo.path}\``
}

function objectCells(object: NonNullable<StepProgress['objects']>[number]): [string, string, string] {
  return [`${object.kind} (${object.apiVersion})`, object.namespace ?? '', object.name]
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(text).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** Words from elsewhere, so that they stay words in Markdown. */
function text(words: string): string {
  return words.replaceAll(/[\\`*_<>|[\]#]/g, '\\$&').replaceAll(/\s+/g, ' ')
}
