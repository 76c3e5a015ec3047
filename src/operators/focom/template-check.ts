import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { messageOf } from '../../errors.ts'
import { TEMPLATE_INFO } from '../kinds.ts'

/**
 * Why FoCoM does not accept the request's template; undefined when it does. Nothing but name and version is looked at: the parameters are not
 * checked against the schema.
 */
export async function templateTrouble(cluster: Cluster, request: KubernetesObject): Promise<string | undefined> {
  const asked = namesOf(request)
  const name = `${asked.templateName}-${asked.templateVersion}`
  let template: KubernetesObject | undefined
  try {
    template = await cluster.get({ ...TEMPLATE_INFO, namespace: request.metadata.namespace, name })
  } catch (error) {
    return `failed to get TemplateInfo: ${messageOf(error)}`
  }
  if (template === undefined) return `TemplateInfo ${JSON.stringify(name)} not found`
  const found = namesOf(template)
  if (found.templateName === asked.templateName && found.templateVersion === asked.templateVersion) return undefined
  const shown = ({ templateName, templateVersion }: typeof asked) => `(${templateName}/${templateVersion})`
  return `mismatch: TemplateInfo has ${shown(found)}, request has ${shown(asked)}`
}

function namesOf(object: KubernetesObject) {
  return {
    templateName: stringAt(object, 'spec', 'templateName') ?? '',
    templateVersion: stringAt(object, 'spec', 'templateVersion') ?? '',
  }
}
