import { describe, expect, test } from 'vitest'
import { awaitCondition } from '../../../src/provisioning/steps/await.ts'
import { focomRequest } from '../../../src/provisioning/steps/focom-request.ts'
import { kptPackage } from '../../../src/provisioning/steps/kpt-package.ts'
import { silenceSeconds } from '../../../src/provisioning/steps/limits.ts'
import { o2imsRequest } from '../../../src/provisioning/steps/o2ims-request.ts'

describe('the silence that a step bears', () => {
  test('is five minutes unless told, and never more than a timer can count', () => {
    expect(silenceSeconds.parse(undefined)).toBe(300)
    expect(silenceSeconds.parse(86_400)).toBe(86_400)
    expect(86_400 * 1000).toBeLessThan(2 ** 31)
  })

  test.each([awaitCondition, focomRequest, kptPackage, o2imsRequest])('is bound in $uses', ({ inputs }) => {
    const issues = (seconds: number) =>
      inputs
        .safeParse({ silenceSeconds: seconds })
        .error?.issues.filter(({ path }) => path[0] === 'silenceSeconds')
        .map(({ code }) => code)
    expect(issues(2_147_484)).toEqual(['too_big'])
    expect(issues(0)).toEqual(['too_small'])
    expect(issues(86_400)).toEqual([])
  })
})
