/** Where each stage of `kind create cluster` begins, in percent of the usual time with the image at hand. */
const STAGES: [prefix: string, percent: number][] = [
  ['Ensuring node image', 2],
  ['Preparing nodes', 10],
  ['Writing configuration', 25],
  ['Starting control-plane', 30],
  ['Installing CNI', 75],
  ['Installing StorageClass', 80],
  ['Joining worker nodes', 85],
]

/** Reads a line of `kind create cluster`; undefined when no stage begins with it. */
export function kindStage(line: string): { percent: number; message: string } | undefined {
  const begun = /^ • (.*?)\s*\.\.\.$/u.exec(line)?.[1]
  if (begun === undefined) return undefined
  const message = begun.replace(/[^\x20-\x7e]/g, '').trim()
  const stage = STAGES.find(([prefix]) => message.startsWith(prefix))
  return stage && { percent: stage[1], message }
}
