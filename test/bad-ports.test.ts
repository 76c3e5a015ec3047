import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { BAD_PORTS } from '../src/bad-ports.ts'

const undici: { badPorts: string[] } = createRequire(import.meta.url)('undici/lib/web/fetch/constants.js')

describe('the ports that fetch refuses', () => {
  it('are those of undici', () => {
    expect([...BAD_PORTS]).toEqual(undici.badPorts.map(Number))
  })

  it('are refused by the fetch of this Node.js, in the words that the command line knows', async () => {
    for (const port of BAD_PORTS)
      await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ cause: { message: 'bad port' } })
  })
})
