import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { answer, aRequest, scriptedService } from './scripted-service.ts'

test('approve and reject say who decides and why; without a name, who the user is', async () => {
  await using service = await scriptedService((_call, response) => answer(response, 202, aRequest({})))
  const at = ['--server', service.server]
  const approved = await runCli(['approve', 'ran-1', '--approver', 'platform-team', '--comment', 'go', ...at])
  expect(approved).toMatchObject({ code: 0, stderr: '' })
  expect(approved.stdout).toContain('ran-1 is approved by platform-team')
  expect((await runCli(['reject', 'ran-1', '--output', 'yaml', ...at])).stdout).toContain('provisioningPhase: PENDING')
  expect(service.received.map(({ method, url, body }) => [`${method} ${url}`, JSON.parse(body)])).toEqual([
    ['POST /o2ims/v1/provisioningRequests/ran-1/approve', { approver: 'platform-team', comment: 'go' }],
    ['POST /o2ims/v1/provisioningRequests/ran-1/reject', { approver: userInfo().username }],
  ])
})

test('a decision of somebody else is refused with 1', async () => {
  await using service = await scriptedService((_call, response) =>
    answer(response, 403, { title: 'Not allowed', status: 403, code: 'FORBIDDEN', detail: 'only platform-team may' }),
  )
  const { code, stderr } = await runCli(['approve', 'ran-1', '--server', service.server])
  expect(code).toBe(1)
  expect(stderr).toContain('only platform-team may')
})
