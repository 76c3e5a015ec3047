export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** What Prometheus would read there. */
export async function readMetrics(url: string): Promise<Sample[]> {
  const answer = await fetch(`${url}/metrics`)
  if (!answer.ok || !answer.headers.get('content-type')?.startsWith('text/plain; version=0.0.4'))
    throw new Error(`${answer.status} ${answer.headers.get('content-type')}`)
  const lines = (await answer.text()).split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(sampleOf)
}

function sampleOf(line: string): Sample {
  const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined) throw new Error(`no sample: ${line}`)
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
  return { name, labels: Object.fromEntries(pairs), value: Number(value) }
}

/** The value of the one series of that name with these labels, and maybe more; undefined when there is none. */
export function sampleValue(samples: Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
  return samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  )?.value
}
