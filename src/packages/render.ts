import { type Document, parseAllDocuments, visit } from 'yaml'
import type { KubernetesObject } from '../clusters/cluster.ts'
import { at, isObject, listAt, stringAt } from '../clusters/fields.ts'
import { ServiceError } from '../errors.ts'
import type { PackageSource, RenderedPackage } from './package-port.ts'
import { type PackageFile, readPackage } from './package-reader.ts'
import { clusterScopedKinds } from './scope.ts'
import { applySetters } from './setters.ts'

const LOCAL_CONFIG = 'config.kubernetes.io/local-config'

/**
 * Reads packages from under the root. Rejects with PREFLIGHT_FAILED (no such package, a path out of the root, a `pipeline`, YAML that holds no
 * Kubernetes objects) or INVALID_ARGS (a value that does not fit).
 */
export function createPackageRenderer(options: {
  packageRoot: string
}): (source: PackageSource) => Promise<RenderedPackage> {
  return async (source) => renderFiles(await readPackage(options.packageRoot, source.path), source)
}

/** The objects of a package's files: values set, the namespace filled in where a namespaced object names none, local configuration left out. */
export function renderFiles(files: readonly PackageFile[], source: PackageSource): RenderedPackage {
  const refuse = (where: string, why: string) =>
    new ServiceError('PREFLIGHT_FAILED', `package ${JSON.stringify(source.path.slice(0, 200))}: ${where}: ${why}`)

  const documents = files.flatMap((file) => documentsOf(file).map((document) => ({ file, document })))
  for (const { file, document } of documents) {
    if (isKptfile(file)) refusePipeline(file, document)
  }
  const resources = documents.filter(({ file }) => !isKptfile(file))
  applySetters(
    resources.map(({ document }) => document),
    source.values,
  )

  const objects = resources.flatMap(({ file, document }) => objectsOf(file, plain(file, document))).filter(isDeployed)
  if (objects.length === 0) throw refuse('all files', 'hold no Kubernetes object')
  const clusterScoped = clusterScopedKinds(objects)
  const placed = objects.map((object) => (clusterScoped(object) ? object : inNamespace(object, source.namespace)))
  refuseTwins(placed)
  return { name: nameOfPackage(), objects: placed }

  function documentsOf(file: PackageFile): Document[] {
    // Without a document: `Empty`, no list.
    const parsed = [...parseAllDocuments(file.text, { uniqueKeys: true, strict: true, version: '1.2' })]
    for (const document of parsed) {
      const [error] = document.errors
      if (error) throw refuse(file.path, `is no YAML: ${error.message.split('\n')[0]}`)
      visit(document, {
        Pair(_, pair) {
          if (String(pair.key) === '__proto__') throw refuse(file.path, 'a key must not be "__proto__"')
        },
      })
    }
    return parsed
  }

  /** `toJS` bounds how often aliases may be repeated. */
  function plain(file: PackageFile, document: Document): unknown {
    try {
      return document.toJS()
    } catch (error) {
      throw refuse(file.path, error instanceof Error ? error.message : String(error))
    }
  }

  function refusePipeline(file: PackageFile, document: Document): void {
    const pipeline = at(plain(file, document), 'pipeline')
    const functions = [...listAt(pipeline, 'mutators'), ...listAt(pipeline, 'validators')]
    if (functions.length === 0) return
    throw refuse(
      file.path,
      'has a pipeline, whose functions run in containers; this service does not run them yet: render the package with "kpt fn render", take the pipeline out and try again',
    )
  }

  function objectsOf(file: PackageFile, value: unknown): KubernetesObject[] {
    if (value === null || value === undefined) return []
    if (stringAt(value, 'kind') === 'List' && stringAt(value, 'apiVersion') === 'v1') {
      return listAt(value, 'items').flatMap((item) => objectsOf(file, item))
    }
    if (!isKubernetesObject(value))
      throw refuse(file.path, 'holds something without apiVersion, kind and metadata.name')
    return [value]
  }

  function refuseTwins(all: readonly KubernetesObject[]): void {
    const seen = new Set<string>()
    for (const { apiVersion, kind, metadata } of all) {
      const key = JSON.stringify([apiVersion.split('/').slice(0, -1), kind, metadata.namespace, metadata.name])
      if (seen.has(key)) throw refuse('all files', `${kind} ${metadata.name} stands there twice`)
      seen.add(key)
    }
  }

  function nameOfPackage(): string {
    const kptfile = documents.find(({ file }) => file.path === 'Kptfile')
    const named = kptfile && stringAt(plain(kptfile.file, kptfile.document), 'metadata', 'name')
    return named ?? source.path.split('/').findLast((part) => part !== '' && part !== '.') ?? source.path
  }
}

function isKptfile(file: PackageFile): boolean {
  return file.path === 'Kptfile' || file.path.endsWith('/Kptfile')
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
