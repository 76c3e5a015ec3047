import { parseAllDocuments } from 'yaml'
import { newOCloudSchema } from '../clusters/schema.ts'
import { messageOf } from '../errors.ts'
import { check } from '../http/check.ts'
import { plainValue, yamlFault } from '../plain-yaml.ts'
import { STEPS } from '../provisioning/steps/registry.ts'
import { checkTemplate } from '../provisioning/templates/publishing.ts'
import { templateSchema } from '../provisioning/templates/schema.ts'
import { customResourceFaults } from './custom-resource.ts'
import { kubeconfigFaults } from './kubeconfig.ts'
import { requestFaults } from './request.ts'
import { faultsOf, type Validated } from './validated.ts'

const MOST_DOCUMENTS = 100

export { validateFolder } from './package.ts'
export type { Validated }

/** One document as it was read; `value` is what a service would be sent. */
export interface ValidatedDocument extends Validated {
  value: unknown
}

/**
 * Checks what stands in a YAML or JSON file with the rules of the service, without one: requests against the sample templates, templates, O-Clouds, and the custom resources
 * of FoCoM and the o2ims-operator against upstream's schema. Writes nothing and calls nobody.
 */
export async function validateText(text: string, source: string): Promise<ValidatedDocument[]> {
  const documents = [...parseAllDocuments(text, { prettyErrors: true, uniqueKeys: true })]
  const [broken] = documents.flatMap((document) => document.errors)
  if (broken) return [unknown(source, undefined, `is neither YAML nor JSON: ${yamlFault(broken)}`)]
  let values: unknown[]
  try {
    values = documents.map(plainValue).filter((value) => value !== null && value !== undefined)
  } catch (error) {
    return [unknown(source, undefined, `cannot be read: ${messageOf(error)}`)]
  }
  if (values.length === 0) return [unknown(source, undefined, 'is empty')]
  if (values.length > MOST_DOCUMENTS) return [unknown(source, undefined, `holds more than ${MOST_DOCUMENTS} documents`)]
  return Promise.all(
    values.map((value, index) => validateValue(value, values.length > 1 ? `${source} (${index + 1})` : source)),
  )
}

async function validateValue(value: unknown, source: string): Promise<ValidatedDocument> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return unknown(source, value, 'is no object: a request, a template, an O-Cloud or a custom resource is expected')
  const has = (...fields: string[]) => fields.some((field) => Object.hasOwn(value, field))
  if (has('apiVersion') && has('kind'))
    return { source, value, what: 'custom resource', ...customResourceFaults(value) }
  if (has('steps', 'parameterSchema')) {
    const faults = await faultsOf(() => checkTemplate(check('INVALID_ARGS', templateSchema, value), STEPS))
    return { source, value, what: 'template', faults, remarks: [] }
  }
  if (has('templateName', 'templateParameters', 'provisioningRequestId'))
    return { source, value, what: 'request', ...(await requestFaults(value)) }
  if (has('kubeconfig', 'simulated')) {
    const faults = await faultsOf(() => kubeconfigFaults(check('INVALID_ARGS', newOCloudSchema, value)))
    return { source, value, what: 'O-Cloud', faults, remarks: [] }
  }
  return unknown(source, value, 'is neither a request, a template, an O-Cloud nor a custom resource')
}

/** A file of which nothing can be said but why. */
export const unreadable = (source: string, message: string): Validated => unknown(source, undefined, message)

function unknown(source: string, value: unknown, message: string): ValidatedDocument {
  return { source, value, what: 'nothing known', faults: [{ pointer: '', message }], remarks: [] }
}
