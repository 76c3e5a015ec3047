import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const NAME = /\bo2ims_[a-z_]+/g
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** Without what Prometheus adds to the name of a histogram. */
const namesIn = (text: string) =>
  [
    ...new Set([...text.matchAll(NAME)].map(([name]) => name.replace(/_seconds_(bucket|count|sum)$/, '_seconds'))),
  ].sort()

async function metricNames(): Promise<string[]> {
  const metrics = createMetrics(() => Promise.reject(new Error('nothing is there')))
  metrics.watchStreams(() => 0)
  return namesIn((await metrics.text()).replaceAll(/^[^#].*$/gm, ''))
}

describe('the names of metrics', () => {
  it('stand in the table of the page, all of them and no others', async () => {
    const rows = read('docs/telemetry.md')
      .split('\n')
      .filter((line) => line.startsWith('| `o2ims_'))
    expect(namesIn(rows.join('\n'))).toEqual(await metricNames())
  })

  it.each(['observability/alerts.yaml', 'observability/dashboard.json'])('in %s are known', async (path) => {
    const names = namesIn(read(path))
    expect(names.length).toBeGreaterThan(5)
    expect(await metricNames()).toEqual(expect.arrayContaining(names))
  })
})
