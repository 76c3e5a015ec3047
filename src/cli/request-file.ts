import { createReadStream } from 'node:fs'
import { type Document, parseAllDocuments } from 'yaml'
import { plainValue, yamlFault } from '../plain-yaml.ts'
import { CommandFailure } from './client/failure.ts'

const LARGEST = 1024 * 1024

/** The request in a YAML or JSON file, `-` for standard input, as it will be sent. Rejects with a CommandFailure that names file and line. */
export async function readRequestFile(file: string): Promise<object> {
  return parseRequest(await readText(file), nameOf(file))
}

const nameOf = (file: string) => (file === '-' ? 'standard input' : file)

/** Text to body. Throws a CommandFailure. */
export function parseRequest(text: string, source: string): object {
  const documents = parseAllDocuments(text, { prettyErrors: true })
  const [document] = documents
  if (!document) throw new CommandFailure(`${source} is empty`, { hint: 'samples/requests has files that work' })
  if (documents.length > 1)
    throw new CommandFailure(`${source} holds ${documents.length} documents`, {
      hint: 'write one request in each file',
    })
  const [error] = document.errors
  if (error) throw new CommandFailure(`${source} is neither YAML nor JSON: ${yamlFault(error)}`)
  const body = contentOf(document, source)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new CommandFailure(`${source} holds no request: an object with name, templateName and so on is expected`)
  return body
}

function contentOf(document: Document, source: string): unknown {
  try {
    return plainValue(document)
  } catch (error) {
    throw new CommandFailure(`${source} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** The text of a file, `-` for standard input, up to 1 MiB. Rejects with a CommandFailure that names it. */
export async function readText(file: string): Promise<string> {
  const source = nameOf(file)
  const stream = file === '-' ? process.stdin : createReadStream(file)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk)
      size += bytes.length
      if (size > LARGEST) break
      chunks.push(bytes)
    }
  } catch (error) {
    throw new CommandFailure(`${source} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  if (size > LARGEST) throw new CommandFailure(`${source} is larger than ${LARGEST / 1024} KiB`)
  return Buffer.concat(chunks).toString('utf8')
}
