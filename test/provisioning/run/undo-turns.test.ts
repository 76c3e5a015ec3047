import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import type { StepRecord } from '../../../src/provisioning/record.ts'
import { undoInTurns } from '../../../src/provisioning/run/undo-turns.ts'
import type { Undone } from '../../../src/provisioning/steps/step.ts'
import { silentLog } from '../../harness/redis.ts'

/** What a step made, on `edge`, on `smo`, or on both, called by its own name. */
function step(name: string, ...[place, ...others]: string[]): StepRecord {
  const object = { apiVersion: 'v1', kind: 'Thing', name, action: 'created' as const, madeIn: 1 }
  const elsewhere = others.map((oCloudId) => ({ ...object, name: `${name} on ${oCloudId}`, oCloudId }))
  const made = {
    objects: [object, ...elsewhere],
    outputs: {},
    notes: {},
    ...(place !== undefined && { oCloudId: place }),
  }
  return { name, uses: place === undefined ? 'kind-cluster' : 'thing', state: 'SUCCEEDED', percent: 100, made }
}

const done = ({ made }: StepRecord): Undone => ({ undone: made?.objects ?? [], left: [] })
const left = ({ made }: StepRecord): Undone => ({
  undone: [],
  left: (made?.objects ?? []).map((object) => ({ ...object, reason: 'not removed' })),
})
/** Goes on until its time is over, as a removal does where nobody answers. */
const stuck = (one: StepRecord, signal: AbortSignal) =>
  new Promise<Undone>((resolve) => {
    if (signal.aborted) resolve(left(one))
    signal.addEventListener('abort', () => resolve(left(one)))
  })

/** Undoes the steps and answers what was tried and how each ended, in order. */
async function turns(
  steps: StepRecord[],
  undo: (name: string, one: StepRecord, signal: AbortSignal) => Undone | Promise<Undone>,
  { away = new Set<string>(), limitMs = 1_500, results = [] as Undone[] } = {},
): Promise<string[]> {
  const told: string[] = []
  const refusal = new ServiceError('UNAVAILABLE', 'nobody answers', { retryable: true })
  await undoInTurns(steps, {
    limitMs,
    signal: new AbortController().signal,
    log: silentLog(),
    ask: async (oCloudId) => {
      if (away.has(oCloudId)) throw refusal
    },
    undo: async (one, signal) => undo(one.name, one, signal),
    async settle({ name }, result) {
      results.push(result)
      told.push(result.left.length === 0 ? `${name} gone` : `${name} left`)
    },
  })
  return told
}

describe('steps that are undone within one time limit', () => {
  test('go one after the other', async () => {
    const steps = [step('workload', 'edge'), step('request', 'smo', 'edge'), step('secret', 'smo')]
    expect(await turns(steps, (_name, one) => done(one))).toEqual(['workload gone', 'request gone', 'secret gone'])
  })

  test('wait for all others when their O-Cloud is away, and are told as left when it stays so', async () => {
    const steps = [
      step('workload', 'edge'),
      step('request', 'smo', 'edge'),
      step('secret', 'smo'),
      step('focom', 'smo'),
    ]
    const away = new Set(['edge'])
    const told = await turns(
      steps,
      (name, one, signal) => (name === 'secret' || name === 'focom' ? done(one) : stuck(one, signal)),
      { away },
    )
    expect(told).toEqual(['secret gone', 'focom gone', 'workload left', 'request left'])
  })

  test('are undone when their O-Cloud has come back meanwhile', async () => {
    const away = new Set(['edge'])
    const told = await turns(
      [step('workload', 'edge'), step('secret', 'smo')],
      (name, one) => {
        if (name === 'secret') away.delete('edge')
        return done(one)
      },
      { away },
    )
    expect(told).toEqual(['secret gone', 'workload gone'])
  })

  test('leave time to others when their O-Cloud goes away in the middle', async () => {
    const away = new Set<string>()
    let tries = 0
    const told = await turns(
      [step('request', 'smo', 'edge'), step('workload', 'edge'), step('secret', 'smo')],
      (name, one, signal) => {
        if (name !== 'request') return done(one)
        away.add('edge')
        tries += 1
        return tries === 1 ? stuck(one, signal) : done(one)
      },
      { away },
    )
    expect(told).toEqual(['secret gone', 'request gone', 'workload gone'])
  })

  test('keep their order on an O-Cloud that is only slow', async () => {
    let tries = 0
    const told = await turns(
      [step('resources', 'smo'), step('operator', 'smo'), step('workload', 'edge')],
      (name, one, signal) => {
        if (name === 'resources') tries += 1
        return name === 'resources' && tries === 1 ? stuck(one, signal) : done(one)
      },
    )
    expect(told).toEqual(['workload gone', 'resources gone', 'operator gone'])
  })

  test('keep what went in the first turn when there is no time to look at it again', async () => {
    const away = new Set<string>()
    const results: Undone[] = []
    const told = await turns(
      [step('request', 'smo', 'edge'), step('secret', 'smo')],
      async (name, one, signal) => {
        if (name === 'secret') return done(one)
        if (away.has('edge')) return left(one)
        away.add('edge')
        const [ours, ...theirs] = (await stuck(one, signal)).left
        return { undone: ours ? [ours] : [], left: theirs }
      },
      { away, results },
    )
    expect(told).toEqual(['secret gone', 'request left'])
    expect(results[1]?.undone.map(({ name }) => name)).toEqual(['request'])
    expect(results[1]?.left.map(({ name }) => name)).toEqual(['request on edge'])
  })

  test('are tried again when what held them was put off', async () => {
    const away = new Set(['edge'])
    const gone = new Set<string>()
    const told = await turns(
      [step('request', 'smo', 'edge'), step('definitions', 'smo')],
      (name, one) => {
        away.delete('edge')
        if (name === 'definitions' && !gone.has('request')) return left(one)
        gone.add(name)
        return done(one)
      },
      { away },
    )
    expect(told).toEqual(['request gone', 'definitions gone'])
  })

  test('do not ask the cluster that is to go whether it answers', async () => {
    const away = new Set(['made'])
    const cluster = { ...step('cluster'), made: { oCloudId: 'made', objects: [], outputs: {}, notes: {} } }
    expect(await turns([cluster, step('secret', 'smo')], (_name, one) => done(one), { away })).toEqual([
      'cluster gone',
      'secret gone',
    ])
  })

  test('what is refused for good is told at once', async () => {
    let tries = 0
    const told = await turns([step('secret', 'smo'), step('workload', 'edge')], (name, one) => {
      if (name !== 'secret') return done(one)
      tries += 1
      return left(one)
    })
    expect([told, tries]).toEqual([['secret left', 'workload gone'], 1])
  })
})
