import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPageCache, type Page } from '../../src/http/page-cache.ts'

/** A collection that is one text, of which reads end when they are told to. */
function world() {
  const cache = createPageCache()
  let version = 0
  const reads: { wanted: () => boolean; end: () => void; fail: (error: Error) => void }[] = []
  return {
    reads,
    write: () => {
      version += 1
    },
    version: () => version,
    ask: (isWanted: () => boolean = () => true) =>
      cache
        .page({
          key: 'page',
          version: async () => version,
          isWanted,
          make(wanted) {
            const body = Buffer.from(`${version}`)
            const { promise, resolve, reject } = Promise.withResolvers<Page>()
            reads.push({ wanted, end: () => resolve({ body }), fail: reject })
            return promise
          },
        })
        .then(({ body }) => String(body)),
  }
}

describe('a page', () => {
  test('is read once for all that ask while it is read, and kept', async () => {
    const { ask, reads } = world()
    const asked = [ask(), ask(), ask()]
    await setImmediate()
    expect(reads).toHaveLength(1)
    reads[0]?.end()
    expect(await Promise.all(asked)).toEqual(['0', '0', '0'])
    expect(await ask()).toBe('0')
    expect(reads).toHaveLength(1)
  })

  test('that is asked for after a write is read after it, once for all of them', async () => {
    const { ask, reads, write } = world()
    const before = ask()
    await setImmediate()
    write()
    const after = [ask(), ask(), ask()]
    await setImmediate()
    expect(reads).toHaveLength(1)
    reads[0]?.end()
    expect(await before).toBe('0')
    await setImmediate()
    expect(reads).toHaveLength(2)
    reads[1]?.end()
    expect(await Promise.all(after)).toEqual(['1', '1', '1'])
  })

  test('is wanted as long as one of them waits; who comes when nobody did begins anew', async () => {
    const { ask, reads } = world()
    let waits = true
    const first = ask(() => waits)
    await setImmediate()
    const second = ask(() => waits)
    await setImmediate()
    expect(reads[0]?.wanted()).toBe(true)
    waits = false
    expect(reads[0]?.wanted()).toBe(false)
    const third = ask()
    await setImmediate()
    reads[0]?.fail(new Error('nobody waits'))
    await expect(first).rejects.toThrow('nobody waits')
    await expect(second).rejects.toThrow('nobody waits')
    reads[1]?.end()
    expect(await third).toBe('0')
  })

  test('that could not be read is read again by whoever asks next', async () => {
    const { ask, reads, write } = world()
    const first = ask()
    await setImmediate()
    write()
    const second = ask()
    await setImmediate()
    reads[0]?.fail(new Error('away'))
    await expect(first).rejects.toThrow('away')
    await setImmediate()
    reads[1]?.end()
    expect(await second).toBe('1')
  })

  test('is never older than the question, and never read twice at once, whatever comes when', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('ask', 'write', 'end', 'wait'), { maxLength: 40 }), async (steps) => {
        const { ask, reads, write, version } = world()
        const answers: Promise<void>[] = []
        let ended = 0
        const end = () => {
          if (ended < reads.length) reads[ended++]?.end()
        }
        for (const step of steps) {
          if (step === 'write') write()
          else if (step === 'end') end()
          else if (step === 'wait') await setImmediate()
          else {
            const least = version()
            answers.push(ask().then((text) => expect(Number(text)).toBeGreaterThanOrEqual(least)))
          }
          expect(reads.length - ended).toBeLessThanOrEqual(1)
        }
        let open = true
        const all = Promise.all(answers).finally(() => {
          open = false
        })
        for (let turn = 0; open && turn < 100; turn += 1) {
          end()
          await setImmediate()
        }
        await all
      }),
      { numRuns: 500 },
    )
  })
})
