// `npm run openapi` writes openapi/o2ims.yaml; with --check it fails when the committed file differs from what the schemas say.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { createOperations, describeOperations } from '../src/app.ts'
import { documentYaml } from '../src/http/document-operations.ts'
import { createEventStreams } from '../src/http/event-stream.ts'

const path = fileURLToPath(new URL('../openapi/o2ims.yaml', import.meta.url))
const settings = { heartbeatSeconds: 15, markerKey: 'none is made here' }
const operations = createOperations(
  {
    provisioning: described('provisioning'),
    oClouds: described('oClouds'),
    templates: described('templates'),
    registration: described('registration'),
    subscriptions: described('subscriptions'),
    inventory: described('inventory'),
    metrics: described('metrics'),
    ready: async () => undefined,
    log: pino({ level: 'silent' }),
    settings,
  },
  createEventStreams({ heartbeatSeconds: settings.heartbeatSeconds, max: 0 }),
)
const text = `# Generated from the schemas by "npm run openapi": do not edit.\n${documentYaml(describeOperations(operations))}`

if (!process.argv.includes('--check')) await writeFile(path, text)
else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
  process.stderr.write('openapi/o2ims.yaml differs from what the schemas say\n')
  process.exitCode = 1
}

/** Operations are described here and never run: a service that is not there. */
function described<T extends object>(name: string): T {
  return new Proxy(Object.create(null), {
    get(_target, property) {
      throw new Error(`${name}.${String(property)} was called while the API is only described`)
    },
  })
}
