import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { at, stringAt } from '../clusters/fields.ts'
import type { FieldError } from '../errors.ts'
import { isKptfile, parseDocuments, plainOf, refuserFor } from '../packages/documents.ts'
import { readPackage } from '../packages/package-reader.ts'
import { kptfilesWithFunctions } from '../packages/pipeline.ts'
import { createPackageRenderer } from '../packages/render.ts'
import { setterNames } from '../packages/setters.ts'
import { objectFaults } from './package-objects.ts'
import { faultsOf, type Validated } from './validated.ts'

/** Stands for the namespace that a request will give. */
const NAMESPACE = 'default'

/** Checks a package folder as a step would: its Kptfile, its YAML, its objects; says which values it takes. The functions of a pipeline are not run. */
export async function validateFolder(folder: string): Promise<Validated> {
  const remarks: string[] = []
  const structural: FieldError[] = []
  const thrown = await faultsOf(async () => {
    const real = await realpath(folder)
    const [packageRoot, path] = [dirname(real), basename(real)]
    const refuse = refuserFor(path)
    const documents = parseDocuments(await readPackage(packageRoot, path), refuse)
    const kptfile = documents.find((document) => document.path === 'Kptfile')
    structural.push(...kptfileFaults(kptfile === undefined ? undefined : plainOf(kptfile, refuse)))
    const functions = kptfilesWithFunctions(documents, refuse)
    if (functions.length > 0)
      remarks.push(
        `${functions.join(', ')} has a pipeline: kpt runs its functions in containers, where the worker has docker`,
      )
    const render = createPackageRenderer({
      packageRoot,
      kpt: { runFunctions: async (files) => [...files], merge: async ({ updated }) => [...updated] },
    })
    const { objects } = await render({ path, namespace: NAMESPACE, values: {} })
    const found = objectFaults(objects)
    structural.push(...found.faults)
    const setters = setterNames(documents.filter((each) => !isKptfile(each.path)).map(({ document }) => document))
    remarks.push(
      `${objects.length} objects: ${objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')}`,
    )
    remarks.push(...found.remarks)
    remarks.push(setters.length > 0 ? `takes the values ${setters.join(', ')}` : 'takes no values')
  })
  return { source: folder, what: 'package', faults: [...structural, ...thrown], remarks }
}

function kptfileFaults(kptfile: unknown): FieldError[] {
  const fault = (field: string, message: string) => ({ pointer: `/Kptfile${field}`, message })
  if (kptfile === undefined) return [fault('', 'is missing: "kpt pkg init" writes one')]
  const apiVersion = stringAt(kptfile, 'apiVersion')
  return [
    ...(apiVersion?.startsWith('kpt.dev/v1') ? [] : [fault('/apiVersion', 'must be kpt.dev/v1')]),
    ...(stringAt(kptfile, 'kind') === 'Kptfile' ? [] : [fault('/kind', 'must be Kptfile')]),
    ...(typeof at(kptfile, 'metadata', 'name') === 'string' ? [] : [fault('/metadata/name', 'is required')]),
  ]
}
