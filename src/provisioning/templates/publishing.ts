import { type FieldError, ServiceError } from '../../errors.ts'
import { fieldFaults } from './field-rules.ts'
import { schemaFaults } from './schema-rules.ts'
import { type StepRegistry, stepFaults } from './step-rules.ts'
import type { Template } from './template.ts'

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const VERSION = /^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})(-[0-9A-Za-z.-]{1,32})?$/
const MOST_STEPS = 50
const CLUSTER_MAKERS = ['kind-cluster', 'focom-request', 'o2ims-request']
const LONGEST_SECONDS = 86_400
const MOST_CHARACTERS = 256 * 1024
const MOST_FAULTS = 50

/** Rejects with INVALID_TEMPLATE and a pointer for each fault. What passes can be run: its schema compiles, its steps and references exist. */
export function checkTemplate(template: Template, registry: StepRegistry): void {
  const size = JSON.stringify(template).length
  const faults =
    size > MOST_CHARACTERS
      ? [{ pointer: '', message: `the template has ${size} characters; ${MOST_CHARACTERS} are allowed` }]
      : partFaults(template, registry)
  const [first] = faults
  if (!first) return
  const message =
    faults.length === 1
      ? `${first.pointer.slice(1)} ${first.message}`.trim()
      : `${faults.length} things are wrong with the template`
  throw new ServiceError('INVALID_TEMPLATE', message, { fields: faults.slice(0, MOST_FAULTS) })
}

function partFaults(template: Template, registry: StepRegistry): FieldError[] {
  const faults = [...headFaults(template), ...schemaFaults(template.parameterSchema), ...stepFaults(template, registry)]
  // They become steps among these.
  return faults.length > 0 ? faults : fieldFaults(template, registry)
}

function headFaults({ name, version, timeoutSeconds, steps, result }: Template): FieldError[] {
  const faults: FieldError[] = []
  if (!NAME.test(name))
    faults.push({ pointer: '/name', message: 'must be 1 to 63 of a-z 0-9 - and start and end with a letter or digit' })
  if (!VERSION.test(version)) faults.push({ pointer: '/version', message: 'must be a semantic version such as 1.0.0' })
  if (!Number.isInteger(timeoutSeconds) || timeoutSeconds < 1 || timeoutSeconds > LONGEST_SECONDS) {
    faults.push({ pointer: '/timeoutSeconds', message: `must be a whole number from 1 to ${LONGEST_SECONDS}` })
  }
  if (steps.length < 1 || steps.length > MOST_STEPS)
    faults.push({ pointer: '/steps', message: `must have 1 to ${MOST_STEPS} entries` })
  if (result === 'nodeCluster' && !steps.some((step) => CLUSTER_MAKERS.includes(step.uses)))
    faults.push({
      pointer: '/result',
      message: `nodeCluster needs a step that makes a cluster (${CLUSTER_MAKERS.join(', ')})`,
    })
  for (const [index, step] of steps.entries()) {
    if (!NAME.test(step.name))
      faults.push({
        pointer: `/steps/${index}/name`,
        message: 'must be 1 to 63 of a-z 0-9 - and start and end with a letter or digit',
      })
  }
  return faults
}
