import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSecretBox } from '../../src/store/secret-box.ts'

const box = createSecretBox(randomBytes(32))
const refused = expect.objectContaining({ code: 'INTERNAL' })

/** What a function throws. */
function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('a secret box', () => {
  it('opens what it sealed, in the same context only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, context, other) => {
        const sealed = box.seal(text, context)
        expect(box.open(sealed, context)).toBe(text)
        if (other !== context) expect(thrownBy(() => box.open(sealed, other))).toEqual(refused)
      }),
    )
  })

  it('does not open what was changed, cut or sealed with another key', () => {
    const sealed = box.seal('a kubeconfig', 'c1')
    const bytes = Buffer.from(sealed.slice(3), 'base64url')
    for (let i = 0; i < bytes.length; i += 1) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i)
      expect(thrownBy(() => box.open(`v1.${changed.toString('base64url')}`, 'c1'))).toEqual(refused)
    }
    for (const text of ['', 'v1.', sealed.slice(0, 20), sealed.slice(3), 'v1.!!!']) {
      expect(thrownBy(() => box.open(text, 'c1'))).toEqual(refused)
    }
    expect(thrownBy(() => createSecretBox(randomBytes(32)).open(sealed, 'c1'))).toEqual(refused)
  })

  it('never seals the same text to the same words, and shows nothing of it', () => {
    const sealed = new Set(Array.from({ length: 100 }, () => box.seal('token-4711', 'c1')))
    expect(sealed.size).toBe(100)
    for (const one of sealed) expect(Buffer.from(one.slice(3), 'base64url').toString('latin1')).not.toContain('token')
  })

  it('recognises equal texts by a fingerprint that depends on the key', () => {
    expect(box.fingerprint('a')).toBe(box.fingerprint('a'))
    expect(box.fingerprint('a')).not.toBe(box.fingerprint('b'))
    expect(box.fingerprint('a')).toMatch(/^[0-9a-f]{64}$/)
    expect(createSecretBox(randomBytes(32)).fingerprint('a')).not.toBe(box.fingerprint('a'))
  })

  it('takes a key of 32 bytes only', () => {
    expect(() => createSecretBox(randomBytes(16))).toThrow('16 bytes')
  })
})
