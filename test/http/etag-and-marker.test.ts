import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { etag, ifMatch, ifMatchNumber, notModified } from '../../src/http/etag.ts'
import { createMarkers } from '../../src/http/marker.ts'

const never = async (): Promise<never> => {
  throw new Error('not asked for')
}

describe('If-Match', () => {
  test('without a header or with * asks for nothing', async () => {
    expect(await ifMatch({}, never)).toBeUndefined()
    expect(await ifMatch({ 'if-match': ' * ' }, never)).toBeUndefined()
  })

  test('takes the current one of several', async () => {
    expect(await ifMatch({ 'if-match': '"1-0", "1-4"' }, async () => '1-4')).toBe('1-4')
    expect(await ifMatch({ 'if-match': '"1-0", "1-4"' }, async () => '1-9')).toBe('1-0')
  })

  test('that is weak never matches, and that is no number matches no numbered version', async () => {
    await expect(ifMatch({ 'if-match': 'W/"1-0"' }, never)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    await expect(ifMatchNumber({ 'if-match': '"1-0"' }, never)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect(await ifMatchNumber({ 'if-match': '"12"' }, never)).toBe(12)
  })

  test.each(['x', '"a', '"a" "b"', '', '"a",,', 'w/"a"'])('%j is an error', async (header) => {
    await expect(ifMatch({ 'if-match': header }, never)).rejects.toMatchObject({ code: 'INVALID_ARGS' })
  })

  test('and If-None-Match know every tag that we make', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (generation, n) => {
        const version = `${generation}-${n}`
        expect(notModified({ 'if-none-match': etag(version) }, version)).toBe(true)
        expect(notModified({ 'if-none-match': etag(`${generation}-${n + 1}`) }, version)).toBe(false)
      }),
    )
  })
})

describe('a marker', () => {
  const markers = createMarkers('a key')

  test('opens to the position that was sealed, for its own list and key only', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.webPath(), (position, list) => {
        const marker = markers.seal(list, position)
        expect(markers.open(list, marker)).toBe(position)
        expect(() => markers.open(`${list}x`, marker)).toThrow()
        expect(() => createMarkers('another').open(list, marker)).toThrow()
      }),
    )
  })

  test('that nobody sealed does not open', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => markers.open('/list', text)).toThrow('was not made by this list with this filter')
      }),
    )
  })
})
