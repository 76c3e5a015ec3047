import { describe, expect, test } from 'vitest'
import { kptPackage } from '../../src/provisioning/steps/kpt-package.ts'
import { parseInputs } from '../../src/provisioning/steps/parse-inputs.ts'
import { preflight } from '../../src/provisioning/steps/preflight.ts'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { stepFaults } from '../../src/provisioning/templates/step-rules.ts'

const REPOSITORY = { repository: 'https://git.example.org/ran.git', ref: 'v1' }
const inputs = (given: unknown) =>
  parseInputs(kptPackage, { target: 'edge', namespace: 'ran', package: given as string, values: {} })

describe('the input "package" of a step', () => {
  test('is a name, or a place in git', () => {
    expect(inputs('5g-ran')).toMatchObject({ package: '5g-ran', git: undefined })
    expect(inputs({ ...REPOSITORY, directory: 'du', credential: 'token' })).toMatchObject({
      package: 'du',
      git: { ...REPOSITORY, credential: 'token' },
    })
    expect(parseInputs(preflight, { package: REPOSITORY })).toMatchObject({ package: { path: '', git: REPOSITORY } })
  })

  test.each([
    [undefined, 'package: must be the path of a package'],
    ['', 'package: '],
    [7, 'package: must be the path of a package'],
    [{ repository: 'https://host/x' }, 'package.ref: '],
    [{ ...REPOSITORY, branch: 'x' }, 'package: Unrecognized key: "branch"'],
    [{ ...REPOSITORY, repository: 'file:///etc' }, 'package: repository must be an https, http or ssh URL'],
    [{ ...REPOSITORY, ref: '--upload-pack=x' }, 'package: ref must be'],
    [{ ...REPOSITORY, directory: '../x' }, 'package: directory must be'],
    [{ ...REPOSITORY, repository: 'https://me:hidden@host/x' }, 'package: repository must hold no user name'],
  ])('%j is refused by name', (given, message) => {
    expect(() => inputs(given)).toThrow(message)
    expect(() => inputs(given)).not.toThrow('hidden')
  })

  test('is checked at publishing as far as it is known then', () => {
    const schema = {
      type: 'object',
      additionalProperties: false,
      required: ['ref'],
      properties: { ref: { type: 'string' }, token: { type: 'string', writeOnly: true } },
    }
    const faults = (given: Record<string, string>) =>
      stepFaults(
        {
          parameterSchema: schema,
          steps: [{ name: 'p', uses: 'kpt-package', with: { target: 'edge', namespace: 'ran', package: given } }],
        },
        STEPS,
      )
    expect(faults({ repository: 'https://host/x', ref: '{{ ref }}', credential: '{{ token }}' })).toEqual([])
    expect(faults({ repository: 'file:///etc', ref: 'v1' })).toEqual([
      { pointer: '/steps/0/with/package', message: expect.stringContaining('repository must be an https') },
    ])
    expect(faults({ repository: 'https://host/x', ref: 'v1', branch: 'x' })).toEqual([
      { pointer: '/steps/0/with/package/branch', message: 'is no input of this step' },
    ])
  })
})
