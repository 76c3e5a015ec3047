import { type Document, parseAllDocuments, visit } from 'yaml'
import { messageOf, ServiceError } from '../errors.ts'
import { plainValue, yamlFault } from '../plain-yaml.ts'
import type { PackageFile } from './package-reader.ts'

/** One YAML document of a package, and where it stands. */
export interface PackageDocument {
  path: string
  document: Document
}

/** Why a package cannot be used: PREFLIGHT_FAILED with its name and the place. */
export type Refuse = (where: string, why: string) => ServiceError

export function refuserFor(packagePath: string): Refuse {
  const name = JSON.stringify(packagePath.slice(0, 200))
  return (where, why) => new ServiceError('PREFLIGHT_FAILED', `package ${name}: ${where}: ${why}`)
}

/** Rejects with what `refuse` makes of a text that is no sound YAML. Comments are kept: setters stand in them. */
export function parseDocuments(files: readonly PackageFile[], refuse: Refuse): PackageDocument[] {
  return files.flatMap(({ path, text }) => {
    // Without a document: `Empty`, no list.
    const parsed = [...parseAllDocuments(text, { uniqueKeys: true, strict: true, version: '1.2' })]
    for (const document of parsed) {
      const [error] = document.errors
      if (error) throw refuse(path, `is no YAML: ${yamlFault(error)}`)
      visit(document, {
        Pair(_, pair) {
          if (String(pair.key) === '__proto__') throw refuse(path, 'a key must not be "__proto__"')
        },
      })
    }
    const documents = parsed.map((document) => ({ path, document }))
    for (const document of documents) plainOf(document, refuse)
    return documents
  })
}

/** The value of a document. Rejects with what `refuse` makes of aliases that lead nowhere, or too far. */
export function plainOf({ path, document }: PackageDocument, refuse: Refuse): unknown {
  try {
    return plainValue(document)
  } catch (error) {
    throw refuse(path, messageOf(error))
  }
}

/** The files again, as the documents are now. */
export function filesOf(documents: readonly PackageDocument[]): PackageFile[] {
  const byPath = Map.groupBy(documents, ({ path }) => path)
  return [...byPath].map(([path, own]) => ({
    path,
    text: own.map(({ document }) => document.toString({ lineWidth: 0 }).replace(/^---\n/, '')).join('---\n'),
  }))
}

export function isKptfile(path: string): boolean {
  return path === 'Kptfile' || path.endsWith('/Kptfile')
}
