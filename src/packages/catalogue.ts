import { ServiceError } from '../errors.ts'
import type { Catalogue } from './package-sources.ts'
import { checkRef, directoryOf, remoteOf } from './repository.ts'

/** The settings that choose packages which are given by name. */
export interface CatalogueSettings {
  kptCatalogUrl?: string | undefined
  kptCatalogRef?: string | undefined
  kptCatalogCredential?: string | undefined
  focomPackagePath?: string | undefined
}

/** The name under which our templates ask for FoCoM's package. */
const FOCOM = 'focom-operator'

/** The catalogue of the settings, and which path stands for which name. */
export function catalogueOf(settings: CatalogueSettings): {
  catalogue?: Catalogue
  renamed: Record<string, string>
} {
  const { kptCatalogUrl: repository, kptCatalogRef: ref = 'HEAD', kptCatalogCredential: credential } = settings
  const { focomPackagePath } = settings
  const renamed: Record<string, string> = focomPackagePath === undefined ? {} : { [FOCOM]: focomPackagePath }
  if (repository === undefined) return { renamed }
  return { catalogue: { repository, ref, ...(credential !== undefined && { credential }) }, renamed }
}

/** What is wrong with the settings, one line each; none of them repeats a value. */
export function catalogueFaults(settings: CatalogueSettings): string[] {
  const { kptCatalogUrl, kptCatalogRef, kptCatalogCredential: credential, focomPackagePath } = settings
  const needs = (name: string, value: string | undefined) =>
    value !== undefined && kptCatalogUrl === undefined ? [`${name}: says nothing without KPT_CATALOG_URL`] : []
  return [
    ...needs('KPT_CATALOG_REF', kptCatalogRef),
    ...needs('KPT_CATALOG_CREDENTIAL', credential),
    ...fault('KPT_CATALOG_URL', kptCatalogUrl, (repository) => remoteOf({ repository, credential }, { trusted: true })),
    ...fault('KPT_CATALOG_REF', kptCatalogRef, checkRef),
    ...fault('FOCOM_PACKAGE_PATH', focomPackagePath, directoryOf),
  ]
}

function fault(name: string, value: string | undefined, check: (value: string) => unknown): string[] {
  if (value === undefined) return []
  try {
    check(value)
    return []
  } catch (error) {
    if (error instanceof ServiceError) return [`${name}: ${error.message}`]
    throw error
  }
}
