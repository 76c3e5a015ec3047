import { isMap } from 'yaml'
import { stringAt } from '../clusters/fields.ts'
import { filesOf, isKptfile, type PackageDocument, parseDocuments, plainOf, refuserFor } from './documents.ts'
import type { PackageSource, RenderOptions } from './package-port.ts'
import type { PackageFile } from './package-reader.ts'
import { setValues, valuesFor } from './values.ts'

/** kpt's three-way merge (`kpt pkg update`): what `updated` changes against `base` is brought into `local`. */
export type MergeFiles = (
  packages: { base: readonly PackageFile[]; local: readonly PackageFile[]; updated: readonly PackageFile[] },
  options: RenderOptions,
) => Promise<PackageFile[]>

/** kpt notes on each resource where it came from; of that nothing belongs on a cluster. */
const KPT_NOTE = 'internal.kpt.dev/'

/**
 * The files of a package after a change of its ref: the values are set in what stands, and kpt merges the new package into it. A value stays where the new package has the field
 * but marks no setter there any more. Two things that kpt leaves to a person are decided here: what the new package no longer has goes, though values were set in it; and where both sides
 * changed a field the value is set once more (by the caller, as always).
 */
export async function mergedUpgrade(
  { base, updated, source }: { base: readonly PackageFile[]; updated: readonly PackageFile[]; source: PackageSource },
  merge: MergeFiles,
  options: RenderOptions,
): Promise<PackageFile[]> {
  const refuse = refuserFor(source.path)
  const identities = (documents: readonly PackageDocument[]) => documents.map((one) => identityOf(plainOf(one, refuse)))
  const local = parseDocuments(base, refuse)
  setValues(local, valuesFor(local, source.values))
  const merged = await merge({ base, local: filesOf(local), updated }, options)
  const stays = new Set(identities(parseDocuments(updated, refuse)))
  const kept = parseDocuments(merged, refuse).filter(
    (one) => isKptfile(one.path) || stays.has(identityOf(plainOf(one, refuse))),
  )
  for (const { document } of kept) withoutNotes(document.getIn(['metadata']))
  return filesOf(kept)
}

function identityOf(value: unknown): string {
  const at = (...path: string[]) => stringAt(value, ...path)
  const group = at('apiVersion')?.split('/').slice(0, -1)
  return JSON.stringify([group, at('kind'), at('metadata', 'namespace'), at('metadata', 'name')])
}

function withoutNotes(metadata: unknown): void {
  const annotations = isMap(metadata) ? metadata.get('annotations') : undefined
  if (!isMap(metadata) || !isMap(annotations)) return
  annotations.items = annotations.items.filter(({ key }) => !String(key).startsWith(KPT_NOTE))
  if (annotations.items.length === 0) metadata.delete('annotations')
}
