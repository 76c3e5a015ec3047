import type { OCloudIdentity } from '../registration/identity.ts'
import type { CloudInfo } from './schema.ts'

/** The O-Cloud that all registered ones are together. `apiRoot`: where the SMO reaches this service. */
export function cloudInfoOf(
  { oCloudId, globalCloudId, name, description }: OCloudIdentity,
  apiRoot: string,
): Omit<CloudInfo, 'extensions'> {
  return { oCloudId, globalCloudId, name, description, serviceUri: apiRoot }
}
