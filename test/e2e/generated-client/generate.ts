import { writeFile } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * `node generate.ts <file>` writes the types of the committed contract. openapi-typescript makes them with the JavaScript API of TypeScript 5, which TypeScript 7 does not have:
 * here it gets the one that @ts-morph/common carries.
 */
const CONTRACT = join(import.meta.dirname, '..', '..', '..', 'openapi', 'o2ims.yaml')
const TYPESCRIPT = '@ts-morph/common/dist/typescript.js'

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'typescript' ? TYPESCRIPT : specifier, context),
})
const { astToString, default: openapiTypes } = await import('openapi-typescript')
const [file = ''] = process.argv.slice(2)
await writeFile(file, astToString(await openapiTypes(pathToFileURL(CONTRACT))))
