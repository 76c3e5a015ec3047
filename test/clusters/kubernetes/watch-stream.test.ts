import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { watchLines } from '../../../src/clusters/kubernetes/watch-stream.ts'

async function read(chunks: Buffer[]): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const line of watchLines(Readable.from(chunks))) seen.push(line)
  return seen
}

describe('the stream of a watch', () => {
  test('gives the same events however the network cuts it, within characters too', async () => {
    const events = fc.array(
      fc.record({
        type: fc.constantFrom('ADDED', 'BOOKMARK'),
        object: fc.record({ text: fc.string({ unit: 'grapheme' }) }),
      }),
      { maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(events, fc.array(fc.nat(400), { maxLength: 10 }), async (sent, cuts) => {
        const bytes = Buffer.from(sent.map((event) => `${JSON.stringify(event)}\n`).join(''))
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
        const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place))
        expect(await read(chunks)).toEqual(sent)
      }),
    )
  })

  test('drops a last line that was cut off: it comes again when the watch goes on', async () => {
    expect(await read([Buffer.from('{"type":"ADDED","object":{}}\n{"type":"MOD')])).toHaveLength(1)
  })

  test.each(['{"type":"ADDED"}\n', 'hello\n', '{"object":{}}\n', 'null\n'])('refuses %j', async (text) => {
    await expect(read([Buffer.from(text)])).rejects.toThrow()
  })
})
