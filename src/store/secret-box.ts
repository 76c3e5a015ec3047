import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { ServiceError } from '../errors.ts'
import type { SecretBox } from './store.ts'

export const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const VERSION = 'v1.'

/** AES-256-GCM and HMAC-SHA-256 with keys derived from `key` (32 bytes). Opening rejects with INTERNAL on a wrong key or context. */
export function createSecretBox(key: Uint8Array): SecretBox {
  if (key.length !== KEY_BYTES) throw new RangeError(`the key has ${key.length} bytes instead of ${KEY_BYTES}`)
  const sealing = derive(key, 'o2ims seal')
  const hashing = createSecretKey(derive(key, 'o2ims fingerprint'))
  return {
    seal(plaintext, context) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealing, iv).setAAD(Buffer.from(context))
      const parts = [iv, cipher.update(plaintext, 'utf8'), cipher.final()]
      return VERSION + Buffer.concat([...parts, cipher.getAuthTag()]).toString('base64url')
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url')
      if (!sealed.startsWith(VERSION) || bytes.length < IV_BYTES + TAG_BYTES) throw cannotOpen()
      const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES))
      try {
        return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      } catch (error) {
        throw cannotOpen(error)
      }
    },
    fingerprint(text) {
      return createHmac('sha256', hashing).update(text).digest('hex')
    },
  }
}

function derive(key: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, new Uint8Array(), purpose, KEY_BYTES))
}

function cannotOpen(cause?: unknown): ServiceError {
  return new ServiceError(
    'INTERNAL',
    'a stored secret cannot be decrypted: it was sealed with another key or for another record',
    { cause },
  )
}
