import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { answer, scriptedService } from './scripted-service.ts'

const LIST = '/o2ims/v1/templates'
const template = (version: string) => ({
  name: 'kpt-workload',
  version,
  description: 'Applies a kpt package.',
  result: 'resources',
  timeoutSeconds: 600,
  parameterSchema: {
    type: 'object',
    required: ['oCloud'],
    properties: {
      oCloud: { type: 'string', format: 'o-cloud', description: 'Where.' },
      package: { type: 'string', default: '5g-ran' },
      driver: { enum: ['kind', 'simulated'] },
    },
  },
  steps: [{ name: 'check', uses: 'preflight' }],
})

const catalogue = () =>
  scriptedService(({ method, url }, response) => {
    if (method === 'DELETE') return void response.writeHead(204).end()
    if (method === 'POST') return answer(response, 201, template('1.2.0'))
    const versions = ['1.9.0', '1.10.0', '1.10.0-rc.1']
    return answer(response, 200, url === LIST ? versions.map(template) : template('1.9.0'))
  })

describe('o2ims template', () => {
  test('list, show, add and rm', async () => {
    await using service = await catalogue()
    const o2ims = (args: string[], input = '') => runCli(['template', ...args, '--server', service.server], { input })
    expect((await o2ims(['list'])).stdout).toMatch(/kpt-workload +1\.9\.0 +resources +Applies a kpt package\./)
    const shown = (await o2ims(['show', 'kpt-workload', '1.9.0'])).stdout
    expect(shown).toContain('kpt-workload 1.9.0, makes resources, 600 s')
    expect(shown).toMatch(/oCloud +o-cloud +\(required\) +Where\./)
    expect(shown).toMatch(/package +string +5g-ran/)
    expect(shown).toMatch(/driver +kind\|simulated/)
    expect(shown).toMatch(/check +preflight/)
    expect((await o2ims(['add', '-'], 'name: kpt-workload\n')).stdout).toBe('kpt-workload 1.2.0 is published\n')
    expect((await o2ims(['rm', 'kpt-workload', '1.2.0'])).stdout).toBe('kpt-workload 1.2.0 is withdrawn\n')
    expect(service.calls()).toEqual([
      `GET ${LIST}`,
      `GET ${LIST}/kpt-workload/1.9.0`,
      `POST ${LIST}`,
      `DELETE ${LIST}/kpt-workload/1.2.0`,
    ])
  })

  test('show without a version takes the newest release by number', async () => {
    await using service = await catalogue()
    const { stdout } = await runCli([
      'template',
      'show',
      'kpt-workload',
      '--output',
      'yaml',
      '--server',
      service.server,
    ])
    expect(stdout).toContain('version: 1.10.0\n')
  })
})
