import { expect, test } from 'vitest'
import { createRedactor } from '../../../src/provisioning/run/redaction.ts'

test('a secret of four characters or more is blotted out, as it is, in base64 and in JSON; a shorter one is not', () => {
  const redact = createRedactor({ pin: 'k"9z', deep: [{ number: 8, word: 'yes' }] })
  expect(redact(`k"9z ${Buffer.from('k"9z').toString('base64')} ${JSON.stringify('k"9z')}`)).toBe(
    '[secret] [secret] "[secret]"',
  )
  expect(redact('yes, 8 objects')).toBe('yes, 8 objects')
})

test('each line of a secret with several is blotted out by itself, however it is indented or quoted', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nab\n-----END PRIVATE KEY-----\n'
  const redact = createRedactor({ key, kubeconfig: 'users:\n- user:\n    token: "abc123def"\r\n' })
  for (const text of ['MIIEvQIBADAN', '    MIIEvQIBADAN', '-----END PRIVATE KEY-----', 'token: "abc123def"'])
    expect(redact(text).trim()).toBe('[secret]')
  expect(redact(JSON.stringify({ said: '  token: "abc123def"' }))).toBe('{"said":"  [secret]"}')
  for (const text of [key, key.trim(), Buffer.from(key).toString('base64'), Buffer.from(key.trim()).toString('base64')])
    expect(redact(text).trim()).toBe('[secret]')
  expect(redact('ab')).toBe('ab')
})
