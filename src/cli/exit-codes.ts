import { wrap } from './view/text.ts'

interface ExitCode {
  code: number
  meaning: string
  /** Codes of failures of provisioning that end with it. */
  errors?: readonly string[]
}

/** What the command line ends with. 1 to 8 are those of the seed's script; the service says with each failure which one it is. */
export const EXIT_CODES: readonly ExitCode[] = [
  { code: 0, meaning: 'as wanted' },
  {
    code: 1,
    meaning:
      'a wrong command line, a refused request, a service that cannot be reached, a precondition that does not hold',
    errors: ['PREFLIGHT_FAILED', 'INSUFFICIENT_CAPACITY'],
  },
  { code: 2, meaning: 'kind could not make or remove a cluster', errors: ['KIND_FAILED'] },
  { code: 3, meaning: 'FoCoM could not be deployed', errors: ['FOCOM_FAILED'] },
  { code: 4, meaning: 'the Secret with the kubeconfig could not be made', errors: ['SECRET_FAILED'] },
  { code: 5, meaning: 'an object could not be applied, or is somebody else’s', errors: ['APPLY_FAILED', 'CONFLICT'] },
  {
    code: 6,
    meaning: 'provisioning failed, or was cancelled',
    errors: ['PROVISIONING_FAILED', 'CANCELLED', 'SIMULATED_FAILURE'],
  },
  { code: 7, meaning: 'the deadline has passed', errors: ['TIMEOUT'] },
  { code: 8, meaning: 'something could not be removed', errors: ['CLEANUP_FAILED'] },
  { code: 130, meaning: 'Ctrl-C; the request goes on' },
]

const INDENT = 7

/** The table under `--help`. Pure. */
export function exitCodesText(width: number): string {
  const rows = EXIT_CODES.flatMap(({ code, meaning, errors = [] }) => {
    const text = errors.length > 0 ? `${meaning} (${errors.join(', ')})` : meaning
    return wrap(text, Math.max(20, width - INDENT)).map(
      (line, index) => `${(index === 0 ? `  ${code}` : '').padEnd(INDENT)}${line}`,
    )
  })
  return ['', 'Exit codes:', ...rows].join('\n')
}
