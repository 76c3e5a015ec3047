import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { answer, scriptedService } from './scripted-service.ts'

const PATH = '/o2ims/v1/provisioningRequests'

describe('o2ims validate, without a service', () => {
  test('tells each file and each fault; one that is wrong ends it with 1', async () => {
    const good = 'samples/requests/kpt-workload.yaml'
    const package5g = 'samples/packages/5g-ran'
    const valid = await runCli(['validate', '--offline', good, package5g])
    expect(valid).toMatchObject({ code: 0, stderr: '' })
    expect(valid.stdout).toMatch(/kpt-workload\.yaml: request, valid\n.*5g-ran: package, valid\n/)
    const { code, stdout, stderr } = await runCli(['validate', '--offline', good, '-'], { input: 'colour: red\n' })
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: 1 of 2 cannot be used as they are\n' })
    expect(stdout).toContain('standard input: nothing known, 1 fault\n  is neither a request')
  })

  test('as data for programs', async () => {
    const { code, stdout, stderr } = await runCli(['validate', '--offline', '-', '--output', 'json'], {
      input: 'name: x\nsimulated: 3\n',
    })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject([
      { source: 'standard input', what: 'O-Cloud', valid: false, faults: [{ pointer: '/simulated' }] },
    ])
    expect(JSON.parse(stderr)).toMatchObject({ exitCode: 1 })
  })

  test('a service that does not answer is done without, and that is said', async () => {
    const { code, stdout } = await runCli(['validate', 'samples/requests/kpt-workload.yaml'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/checked against the sample templates: no service answers|the service/)
  })

  test('a file that cannot be read ends with 1 and its name, and those around it are told', async () => {
    const good = 'samples/requests/kpt-workload.yaml'
    const { code, stdout, stderr } = await runCli(['validate', '--offline', good, '/nowhere.yaml', good])
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: 1 of 3 cannot be used as they are\n' })
    expect(stdout).toMatch(
      /^.*: request, valid\n(.*\n)?.*\/nowhere.yaml: nothing known, 1 fault\n.*cannot be read.*\n.*: request, valid\n/,
    )
  })
})

describe('a YAML file whose aliases multiply, lead nowhere or come back to themselves', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...[...'bcdefgh'].map((name, index) => {
      const before = `*${'abcdefgh'[index]}`
      return `${name}: &${name} [${Array.from({ length: 10 }, () => before).join(',')}]`
    }),
  ].join('\n')

  test.each([
    ['validate', ['validate', '--offline']],
    ['provision', ['provision', '-f']],
    ['ocloud add', ['ocloud', 'add', '-f']],
    ['template add', ['template', 'add']],
  ])(
    'is refused by o2ims %s in one line',
    async (_name, command) => {
      const nobody = ['--server', 'http://127.0.0.1:39999']
      for (const [input, why] of [
        [bomb, 'its aliases (*name) repeat more than is read'],
        ['a: *b', 'an alias (*name) names no anchor before it'],
        ['a: &a { b: [*a] }', 'an alias (*name) stands inside of what it names'],
      ] as const) {
        const { code, stdout, stderr } = await runCli([...command, '-', ...nobody], { input })
        expect(code).toBe(1)
        expect(stdout + stderr).toContain(`cannot be read: ${why}`)
        expect((stdout + stderr).trim().split('\n').length).toBeLessThanOrEqual(3)
        expect(stderr).not.toContain('    at ')
      }
    },
    30_000,
  )
})

describe('o2ims validate, with a service', () => {
  const file = 'samples/requests/kpt-workload.yaml'
  const validate = (server: string) => runCli(['validate', file, '--server', server])

  test('its word counts, as a dry run gives it; nothing is posted', async () => {
    await using service = await scriptedService((_call, response) => answer(response, 200, { dryRun: true, steps: [] }))
    const { code, stdout } = await validate(service.server)
    expect({ code, calls: service.calls() }).toEqual({ code: 0, calls: [`POST ${PATH}?dryRun=true`] })
    expect(stdout).toBe(`${file}: request, valid\n  (the service would make 0 changes)\n`)
  })

  test('what it refuses is told by its pointers, and a failure of the plan by its code', async () => {
    const problem = {
      title: 'x',
      status: 422,
      code: 'TEMPLATE_PARAMETERS',
      errors: [{ pointer: '/templateParameters/oCloud', message: 'is neither' }],
    }
    await using fields = await scriptedService((_call, response) => answer(response, 422, problem))
    expect((await validate(fields.server)).stdout).toContain('  /templateParameters/oCloud: is neither\n')
    await using plan = await scriptedService((_call, response) =>
      answer(response, 422, { title: 'x', status: 422, code: 'PREFLIGHT_FAILED', detail: 'kpt is missing' }),
    )
    const failed = await validate(plan.server)
    expect({ code: failed.code, said: failed.stdout.includes('PREFLIGHT_FAILED: kpt is missing') }).toEqual({
      code: 1,
      said: true,
    })
  })

  test('without a worker the parameters are checked all the same', async () => {
    await using service = await scriptedService((_call, response) =>
      answer(response, 504, { title: 'x', status: 504, code: 'NO_WORKER' }),
    )
    const { code, stdout } = await validate(service.server)
    expect(code).toBe(0)
    expect(stdout).toContain('no worker is there')
  })

  test('one that was named has to answer', async () => {
    const { code, stderr } = await validate('http://127.0.0.1:39999')
    expect(code).toBe(1)
    expect(stderr).toContain('cannot be reached')
  })
})
