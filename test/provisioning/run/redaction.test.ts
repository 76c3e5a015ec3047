import { expect, test } from 'vitest'
import { createRedactor } from '../../../src/provisioning/run/redaction.ts'

test('a secret of four characters or more is blotted out, as it is, in base64 and in JSON; a shorter one is not', () => {
  const redact = createRedactor({ pin: 'k"9z', deep: [{ number: 8, word: 'yes' }] })
  expect(redact(`k"9z ${Buffer.from('k"9z').toString('base64')} ${JSON.stringify('k"9z')}`)).toBe(
    '[secret] [secret] "[secret]"',
  )
  expect(redact('yes, 8 objects')).toBe('yes, 8 objects')
})
