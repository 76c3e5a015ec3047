import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { answer, type Received, scriptedService, sendEvents } from './scripted-service.ts'

/** Sets the title, clears the screen, hides what follows, turns text around, rings; in one byte and in several. */
const EVIL = 'a\u001b]0;owned\u0007\u001b[2J\u001b[8m\u009b31m\u202eb\rc\bd\u007f\u001bP1q'
const DRIVES = /[^\P{Cc}\n\t]|\p{Bidi_Control}/u

const object = { apiVersion: 'v1', kind: EVIL, namespace: EVIL, name: EVIL, reason: EVIL }
const error = { code: EVIL, exitCode: 5, step: EVIL, cause: EVIL, undone: [object], left: [object] }
const request = {
  provisioningRequestData: { provisioningRequestId: 'ran-1', name: EVIL, templateName: EVIL, templateVersion: EVIL },
  status: { provisioningPhase: 'FAILED', message: EVIL, updateTime: EVIL },
  progress: {
    percent: 10,
    generation: 1,
    simulated: true,
    steps: [{ name: EVIL, uses: EVIL, state: EVIL, message: `${EVIL}\n${EVIL}` }],
    error,
  },
}
const status = { reachable: false, message: EVIL, version: EVIL, capacity: { cpu: EVIL, memory: EVIL } }
const oCloud = { oCloudId: EVIL, name: EVIL, simulated: false, managed: true, labels: { [EVIL]: EVIL }, status }
const parameterSchema = { properties: { [EVIL]: { description: EVIL, default: EVIL, enum: [EVIL] } } }
const template = {
  name: 'evil',
  version: EVIL,
  description: EVIL,
  result: EVIL,
  timeoutSeconds: 1,
  parameterSchema,
  steps: [{ name: EVIL, uses: EVIL }],
}
const diagnostics = { causes: [EVIL], targets: [{ [EVIL]: `${EVIL}\nline\n` }] }
const problem = { title: EVIL, status: 409, code: EVIL, detail: EVIL, errors: [{ pointer: EVIL, message: EVIL }] }
const logLine = { time: EVIL, level: EVIL, msg: EVIL, step: EVIL, tool: EVIL, more: EVIL }

function evil({ method, url, headers }: Received, response: Parameters<Parameters<typeof scriptedService>[0]>[1]) {
  const path = url.replace(/^\/o2ims\/v1/, '').replace(/\?.*/, '')
  if (method === 'DELETE' || path.endsWith('/cancel')) return answer(response, 409, problem)
  if (path.endsWith('/status-table')) return void response.end(`RESOURCE\n${EVIL}\n`)
  if (path.endsWith('/logs')) return void response.end(`${JSON.stringify(logLine)}\n`)
  if (path.endsWith('/diagnostics')) return answer(response, 200, diagnostics)
  if (path.endsWith('/report'))
    return headers.accept?.startsWith('text/')
      ? void response.end(`# ${EVIL}\n\n${EVIL}\n`)
      : answer(response, 200, { name: EVIL })
  if (path.endsWith('/kubeconfig')) return void response.end(`token: ${EVIL}\n`)
  if (path.endsWith('/events')) {
    sendEvents(response, [
      ['1-0', 'snapshot', request],
      ['2-0', 'step', { generation: 1, step: EVIL, state: EVIL, percent: 5, message: EVIL, at: EVIL }],
      ['3-0', 'end', { provisioningPhase: 'FAILED' }],
    ])
    return void response.end()
  }
  if (path.startsWith('/ocloud'))
    return answer(response, method === 'POST' ? 201 : 200, method === 'POST' ? oCloud : [oCloud])
  if (path === '/templates')
    return answer(response, method === 'POST' ? 201 : 200, method === 'POST' ? template : [template])
  if (url.includes('dryRun=true'))
    return answer(response, 200, {
      dryRun: true,
      steps: [{ name: EVIL, uses: EVIL, changes: [{ action: EVIL, object }] }],
    })
  if (path === '/provisioningRequests')
    return answer(response, method === 'POST' ? 201 : 200, method === 'POST' ? request : [request])
  return answer(response, 200, request)
}

const COMMANDS = [
  'status',
  'status ran-1',
  'status ran-1 --follow',
  'status ran-1 --resources',
  'logs ran-1',
  'logs ran-1 --follow',
  'diagnostics ran-1',
  'report ran-1',
  'report ran-1 --format html',
  'kubeconfig ran-1',
  'ocloud list',
  `ocloud show ${EVIL}`,
  'ocloud add x --simulated',
  'ocloud show nobody',
  'template list',
  'template show evil',
  'template add -',
  'provision -f - --no-follow',
  'provision -f - --dry-run',
  'provision -f - --verbose',
  'validate - ',
  'cancel ran-1',
  'delete ran-1',
  'approve ran-1',
]

describe('what others wrote drives no terminal', () => {
  test.each(COMMANDS)('in the output of o2ims %s', async (line) => {
    await using service = await scriptedService(evil)
    const env = { O2IMS_SERVER: service.server }
    const { stdout, stderr } = await runCli(line.split(' '), { input: 'provisioningRequestId: ran-1\n', env })
    expect(stdout + stderr).not.toBe('')
    expect(stdout + stderr).not.toMatch(DRIVES)
  })

  test('nor is it offered to a shell', async () => {
    await using service = await scriptedService(evil)
    const { code, stdout } = await runCli(['__complete', 'ocloud', 'show', ''], {
      env: { O2IMS_SERVER: service.server },
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })

  test('and programs get it whole', async () => {
    await using service = await scriptedService(evil)
    for (const line of ['status ran-1', 'diagnostics ran-1', 'logs ran-1', 'report ran-1', 'ocloud list']) {
      const { stdout } = await runCli([...line.split(' '), '--output', 'json', '--server', service.server])
      expect(stdout).not.toMatch(/[^\P{Cc}\n]/u)
      expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify(EVIL))
    }
  })
})
