import { type FieldError, ServiceError } from '../errors.ts'
import { BEHAVIOURS, OF_FOCOM, type OperatorBehaviour } from '../operators/behaviour.ts'
import { windowProblems } from './maintenance-window.ts'
import type { RequestOptions } from './record.ts'
import type { Template } from './templates/template.ts'

/** What the shape of the options cannot say. Rejects with INVALID_OPTIONS and a pointer for each value that is wrong. */
export function checkQueueOptions(options: RequestOptions | undefined, template: Pick<Template, 'approvers'>): void {
  if (!options) return
  const { maintenanceWindow, rollbackOnFailure, cleanupOnFailure } = options
  const fields = [
    ...(maintenanceWindow ? windowProblems(maintenanceWindow, '/options/maintenanceWindow') : []),
    ...approvalProblems(options, template),
  ]
  if (rollbackOnFailure && cleanupOnFailure === false) {
    const message = 'cannot be kept while cleanupOnFailure is false: what failed has to go before the old comes back'
    fields.push({ pointer: '/options/rollbackOnFailure', message })
  }
  const [first] = fields
  if (first) throw new ServiceError('INVALID_OPTIONS', `${first.pointer.slice(1)}: ${first.message}`, { fields })
}

const ASKS_FOCOM = 'focom-request'
const ASKS_OPERATORS = [ASKS_FOCOM, 'o2ims-request']

/** What a request wants of operators that its template never asks for anything, or of FoCoM when that is not one of them. */
export function operatorFaults(
  operator: OperatorBehaviour | undefined,
  { steps }: Pick<Template, 'steps'>,
): FieldError[] {
  if (operator === undefined) return []
  const pointer = '/options/simulation/operator'
  if (!steps.some(({ uses }) => ASKS_OPERATORS.includes(uses)))
    return [{ pointer, message: 'the template asks no operator for anything: leave it out' }]
  if (!OF_FOCOM.includes(operator.behaviour) || steps.some(({ uses }) => uses === ASKS_FOCOM)) return []
  const others = BEHAVIOURS.filter((name) => !OF_FOCOM.includes(name))
  const message = `is a behaviour of FoCoM, which the template does not ask; there are ${others.join(', ')}`
  return [{ pointer: `${pointer}/behaviour`, message }]
}

/** A request may choose among the approvers of its template; it cannot name others in their place. */
function approvalProblems({ approval }: RequestOptions, template: Pick<Template, 'approvers'>): FieldError[] {
  if (!approval?.approvers) return []
  const pointer = '/options/approval/approvers'
  if (!approval.required) return [{ pointer, message: 'has no effect while required is false: leave it out' }]
  const allowed = template.approvers
  if (!allowed) return []
  return approval.approvers.flatMap((name, index) =>
    allowed.includes(name)
      ? []
      : [{ pointer: `${pointer}/${index}`, message: `is none of the template's approvers: ${allowed.join(', ')}` }],
  )
}
