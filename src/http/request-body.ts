import type { IncomingMessage } from 'node:http'
import { ServiceError } from '../errors.ts'

/** Answers after an early refusal wait until the client has sent its body, so that it can read them: up to these bounds. */
const DRAIN_BYTES = 64 * 1024 * 1024
const DRAIN_MS = 10_000

/** Reads a body of at most `limit` bytes. BODY_TOO_LARGE when there is more, MALFORMED_BODY when the client breaks off. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new ServiceError('BODY_TOO_LARGE', `the body must not be larger than ${limit} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (act: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
      act()
    }
    const onData = (chunk: Buffer) => {
      length += chunk.length
      if (length > limit) return settle(() => reject(tooLarge()))
      chunks.push(chunk)
    }
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks)))
    const onError = (cause: unknown) =>
      settle(() => reject(new ServiceError('MALFORMED_BODY', 'the body broke off', { cause })))
    const onClose = () => onError(new Error('the connection closed'))
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
  })
}

/**
 * Reads and drops what the client is still sending (Node closes the connection under an unread body, and the client then sees a broken
 * pipe instead of the answer). Resolves false when a bound was reached: the connection must be closed after the answer.
 */
export async function drain(request: IncomingMessage): Promise<boolean> {
  if (request.complete || request.destroyed) return true
  return new Promise((resolve) => {
    let length = 0
    const settle = (drained: boolean) => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('error', onEnd).off('close', onEnd)
      if (!drained) request.pause()
      resolve(drained)
    }
    const onData = (chunk: Buffer) => {
      length += chunk.length
      if (length > DRAIN_BYTES) settle(false)
    }
    const onEnd = () => settle(true)
    const timer = setTimeout(() => settle(false), DRAIN_MS)
    request.on('data', onData).on('end', onEnd).on('error', onEnd).on('close', onEnd)
    request.resume()
  })
}
