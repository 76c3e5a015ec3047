import type { KubernetesObject } from '../clusters/cluster.ts'
import { isObject, listAt, stringAt } from '../clusters/fields.ts'
import {
  filesOf,
  isKptfile,
  type PackageDocument,
  parseDocuments,
  plainOf,
  type Refuse,
  refuserFor,
} from './documents.ts'
import type { PackageSource, RenderedPackage, RenderOptions, RenderPackage } from './package-port.ts'
import type { PackageFile } from './package-reader.ts'
import { createPackageSources, type FoundPackage, type PackageSources } from './package-sources.ts'
import { kptfilesWithFunctions } from './pipeline.ts'
import { createPlainPackages, type PlainPackage } from './plain-packages.ts'
import { clusterScopedKinds } from './scope.ts'
import { type MergeFiles, mergedUpgrade } from './upgrade.ts'
import { setValues } from './values.ts'

const LOCAL_CONFIG = 'config.kubernetes.io/local-config'

/** Runs the functions of the pipelines in a package's files, and gives what they made of them. PREFLIGHT_FAILED in kpt's words. */
export type RunFunctions = (files: readonly PackageFile[], options: RenderOptions) => Promise<PackageFile[]>

/** What kpt does for a renderer; without it a pipeline is refused, and a change of the ref takes the new package as it is. */
export interface KptForFiles {
  runFunctions: RunFunctions
  merge: MergeFiles
}

/**
 * Reads packages from where they are (`sources`; the package root alone when absent), sets their values, and lets kpt run their functions. Rejects with PREFLIGHT_FAILED (no
 * such package, a path out of the root, YAML that holds no Kubernetes objects, functions that cannot run or fail), INVALID_ARGS (a value or an address that does not fit) or
 * UNAVAILABLE (retryable; a repository that is away).
 */
export function createPackageRenderer(parts: {
  packageRoot: string
  sources?: PackageSources
  kpt?: KptForFiles
}): RenderPackage {
  const { packageRoot, kpt, sources = createPackageSources({ packageRoot }) } = parts
  const known = createPlainPackages()

  return async (source, options = {}) => {
    const refuse = refuserFor(source.path)
    const found = await sources.find(source, options)
    const { files, origin } = (kpt && (await upgraded(found, source, kpt, options))) ?? found
    const { path, values } = source
    const plain = known.find({ path, files, values })
    if (plain) return { ...placed(plain, source, refuse), source: origin }
    const documents = parseDocuments(files, refuse)
    setValues(documents, values)
    const name = nameOfPackage(documents, source, refuse)
    const [kptfile] = kptfilesWithFunctions(documents, refuse)
    if (kptfile === undefined) {
      const made = { name, objects: toObjects(documents, refuse) }
      known.keep({ path, files, values }, made)
      return { ...placed(made, source, refuse), source: origin }
    }
    if (kpt === undefined) throw refuse(kptfile, 'has a pipeline, and functions do not run here')
    const made = parseDocuments(await kpt.runFunctions(filesOf(documents), options), refuse)
    return { ...placed({ name, objects: toObjects(made, refuse) }, source, refuse), source: origin }
  }

  /** What kpt makes of the change; undefined where there is none, or nothing that would be kept. */
  async function upgraded(
    found: FoundPackage,
    source: PackageSource,
    { merge }: KptForFiles,
    options: RenderOptions,
  ): Promise<FoundPackage | undefined> {
    const { standing, values } = source
    if (standing === undefined || found.origin.from !== 'git' || found.origin.commit === standing) return undefined
    if (Object.keys(values).length === 0) return undefined
    const base = await sources.at(standing, source, options)
    if (base === undefined) return undefined
    const files = await mergedUpgrade({ base: base.files, updated: found.files, source }, merge, options)
    return { files, origin: { ...found.origin, mergedFrom: standing } }
  }
}

/** The objects of a package's documents, local configuration left out. */
function toObjects(documents: readonly PackageDocument[], refuse: Refuse): KubernetesObject[] {
  const resources = documents.filter(({ path }) => !isKptfile(path))
  const objects = resources.flatMap((one) => objectsOf(one.path, plainOf(one, refuse), refuse)).filter(isDeployed)
  if (objects.length === 0) throw refuse('all files', 'hold no Kubernetes object')
  return objects
}

/** The namespace is filled in where a namespaced object names none. */
function placed({ name, objects }: PlainPackage, { namespace }: PackageSource, refuse: Refuse): RenderedPackage {
  const clusterScoped = clusterScopedKinds(objects)
  const all = objects.map((object) => (clusterScoped(object) ? object : inNamespace(object, namespace)))
  refuseTwins(all, refuse)
  return { name, objects: all }
}

function objectsOf(path: string, value: unknown, refuse: Refuse): KubernetesObject[] {
  if (value === null || value === undefined) return []
  if (stringAt(value, 'kind') === 'List' && stringAt(value, 'apiVersion') === 'v1') {
    return listAt(value, 'items').flatMap((item) => objectsOf(path, item, refuse))
  }
  if (!isKubernetesObject(value)) throw refuse(path, 'holds something without apiVersion, kind and metadata.name')
  return [value]
}

function refuseTwins(all: readonly KubernetesObject[], refuse: Refuse): void {
  const seen = new Set<string>()
  for (const { apiVersion, kind, metadata } of all) {
    const key = JSON.stringify([apiVersion.split('/').slice(0, -1), kind, metadata.namespace, metadata.name])
    if (seen.has(key)) throw refuse('all files', `${kind} ${metadata.name} stands there twice`)
    seen.add(key)
  }
}

function nameOfPackage(documents: readonly PackageDocument[], source: PackageSource, refuse: Refuse): string {
  const kptfile = documents.find(({ path }) => path === 'Kptfile')
  const named = kptfile && stringAt(plainOf(kptfile, refuse), 'metadata', 'name')
  return named ?? source.path.split('/').findLast((part) => part !== '' && part !== '.') ?? source.path
}

/** Local configuration is read by functions, and the inventory is ours to name. */
function isDeployed(object: KubernetesObject): boolean {
  if (object.metadata.annotations?.[LOCAL_CONFIG] === 'true') return false
  return !object.apiVersion.startsWith('kpt.dev/')
}

function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  return object.metadata.namespace === undefined ? { ...object, metadata: { ...object.metadata, namespace } } : object
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  if (!isObject(value) || !isObject(value.metadata)) return false
  const { apiVersion, kind, metadata } = value
  return [apiVersion, kind, metadata.name].every((field) => typeof field === 'string' && field !== '')
}
