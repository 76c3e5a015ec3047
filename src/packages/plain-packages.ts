import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { KubernetesObject } from '../clusters/cluster.ts'
import type { JsonObject } from '../json.ts'
import type { PackageFile } from './package-reader.ts'

/** What the files of a package are with these values, before they get a namespace. */
export interface PlainPackage {
  name: string
  objects: KubernetesObject[]
}

export interface PackageText {
  path: string
  files: readonly PackageFile[]
  values: JsonObject
}

/** The same text gives the same objects: what was made of it last is kept, in memory only, since values may be secret. What is answered is the caller's own. */
export interface PlainPackages {
  find(text: PackageText): PlainPackage | undefined
  keep(text: PackageText, made: PlainPackage): void
}

const MOST_CHARACTERS = 16 * 1024 * 1024

export function createPlainPackages(): PlainPackages {
  const kept = new LRUCache<string, { made: PlainPackage; size: number }>({
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ size }) => size,
  })
  return {
    find(text) {
      const found = kept.get(keyOf(text))
      return found && structuredClone(found.made)
    },
    keep(text, made) {
      const size = text.files.reduce((sum, file) => sum + file.text.length, 1)
      kept.set(keyOf(text), { made: structuredClone(made), size })
    },
  }
}

function keyOf({ path, files, values }: PackageText): string {
  return createHash('sha256')
    .update(JSON.stringify([path, values, files]))
    .digest('base64')
}
