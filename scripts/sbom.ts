// `npm run sbom` (make sbom) writes what each image holds to sbom-api.cdx.json and sbom-worker.cdx.json: CycloneDX 1.6, without network. Arguments: the folder to write
// to, and the names of the images. The same sources and images give the same files.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages } from './sbom/debian-packages.ts'
import { bases, tools } from './sbom/dockerfile.ts'
import { npmPackages } from './sbom/npm-packages.ts'

const ROOT = join(import.meta.dirname, '..')
const [folder = '.', apiImage = 'o2ims-api', workerImage = 'o2ims-worker'] = process.argv.slice(2)
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
const npm = npmPackages(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))

for (const [target, image] of [
  ['api', apiImage],
  ['worker', workerImage],
] as const) {
  const found = await debianPackages(image).catch((error: Error) => error)
  const debian = found instanceof Error ? [] : found
  if (debian.length === 0) {
    const why = found instanceof Error ? found.message : 'it has no list of them'
    process.stderr.write(`${target}: without the Debian packages of ${image}: ${why}\n`)
  }
  const own = { type: 'container', name: `o2ims-${target}`, version: npm.root.version, 'bom-ref': `o2ims-${target}` }
  const components = [...bases(dockerfile, target), ...tools(dockerfile, target), ...npm.components, ...debian]
  const content = {
    metadata: { component: { ...own, licenses: [{ expression: npm.root.license }] } },
    components,
    dependencies: [{ ref: own['bom-ref'], dependsOn: npm.root.dependsOn }, ...npm.dependencies],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber, version: 1, ...content }
  writeFileSync(join(folder, `sbom-${target}.cdx.json`), `${JSON.stringify(document, undefined, 1)}\n`)
}

/** Of version 8 (RFC 9562): the content decides. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
