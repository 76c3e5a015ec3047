/** One measured thing: a line of the table. */
export interface Row {
  what: string
  ours: string
  /** What the same costs without us, in the same run. */
  baseline?: string
  /** Ours to the baseline, or to the bound that is named in `what`. */
  ratio?: number
  target?: Target
  /** What keeps it from being better. */
  limit: string
}

interface Target {
  text: string
  holds: boolean
}

export const atLeast = (least: number, ratio: number): Target => ({ text: `≥ ${least}`, holds: ratio >= least })
export const atMost = (most: number, figure: number, unit = ''): Target => ({
  text: `≤ ${most}${unit}`,
  holds: figure <= most,
})

const HEAD = '| What | Ours | Baseline | Ratio | Target | What limits it |\n|---|---|---|---|---|---|'

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  return [HEAD, ...rows.map(lineOf)].join('\n')
}

function lineOf({ what, ours, baseline = '', ratio, target, limit }: Row): string {
  const kept = target ? `${target.text}: ${target.holds ? 'holds' : '**missed**'}` : ''
  return `| ${[what, ours, baseline, ratio?.toFixed(2) ?? '', kept, limit].join(' | ')} |`
}

export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5)
}

export function quantile(figures: readonly number[], part: number): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** Both in turn, so many times: what else the machine does meets both alike. */
export async function inTurn(
  rounds: number,
  ours: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<{ ours: number; baseline: number; ratio: number }> {
  const figures: { ours: number; baseline: number }[] = []
  for (let round = 0; round < rounds; round += 1) figures.push({ baseline: await baseline(), ours: await ours() })
  return {
    ours: median(figures.map((figure) => figure.ours)),
    baseline: median(figures.map((figure) => figure.baseline)),
    ratio: median(figures.map((figure) => figure.ours / figure.baseline)),
  }
}
