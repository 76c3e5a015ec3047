import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { call } from '../harness/client.ts'

const OBSERVABILITY = join(import.meta.dirname, '..', '..', 'observability')

const dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
})

export interface PanelExpression {
  panel: string
  expr: string
}

/** Every expression of the dashboard. */
export function dashboardExpressions(): PanelExpression[] {
  const { panels } = dashboard.parse(JSON.parse(readFileSync(join(OBSERVABILITY, 'dashboard.json'), 'utf8')))
  return panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: title, expr })))
}

/** A Prometheus that runs, by what it answers. */
export function prometheusAt(url: string) {
  async function ask(path: string, parameters: Record<string, string> = {}) {
    const { status, body } = await call(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    if (status !== 200) throw new Error(`${path} ${JSON.stringify(parameters)}: ${status} ${JSON.stringify(body)}`)
    return body.data
  }
  return {
    /** `job` and `health` of whatever it scrapes. */
    async targets(): Promise<string[]> {
      const { activeTargets } = await ask('targets', { state: 'active' })
      return activeTargets.map(({ labels, health }: { labels: { job: string }; health: string }) => {
        return `${labels.job} ${health}`
      })
    },
    /** Of each rule whether its expression could be evaluated, by its name. */
    async rules(): Promise<Map<string, string>> {
      const { groups } = await ask('rules')
      const rules: { name: string; health: string }[] = groups.flatMap(({ rules }: { rules: object[] }) => rules)
      return new Map(rules.map(({ name, health }) => [name, health]))
    },
    /** How many series an expression gives; rejects when it is none. */
    async seriesOf(query: string): Promise<number> {
      return (await ask('query', { query })).result.length
    },
  }
}
