import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { at } from '../clusters/fields.ts'
import { ServiceError } from '../errors.ts'
import { check } from '../http/check.ts'
import { type AcceptParts, accept } from '../provisioning/accept.ts'
import { frontDoorRequestSchema } from '../provisioning/schema.ts'
import { expanded } from '../provisioning/templates/expansion.ts'
import { acceptParameters } from '../provisioning/templates/parameters.ts'
import { templateSchema } from '../provisioning/templates/schema.ts'
import { type LabelledOCloud, withTarget } from '../provisioning/templates/target-choice.ts'
import type { Template } from '../provisioning/templates/template.ts'
import { compileSchema } from '../provisioning/templates/validator.ts'
import { readSampleFiles } from '../sample-files.ts'
import { faultsOf, type Validated } from './validated.ts'

const SAMPLES = join(import.meta.dirname, '..', '..', 'samples')
const sampleOCloud = z.looseObject({
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  simulated: z.boolean().default(false),
})

/** What is wrong with a request, as far as the sample templates tell: body, parameters, options. */
export async function requestFaults(value: object): Promise<Pick<Validated, 'faults' | 'remarks'>> {
  const named = new Set<string>()
  const remarks: string[] = []
  const ofShape = await faultsOf(() => check('INVALID_ARGS', frontDoorRequestSchema, value))
  const ofOptions = ofShape.filter(({ pointer }) => /^\/options(\/|$)/.test(pointer))
  const others = await faultsOf(async () => {
    // Where the options are wrong, everything else can be checked all the same.
    const checked = ofOptions.length === 0 ? value : { ...value, options: undefined }
    const { options, ...data } = check('INVALID_ARGS', frontDoorRequestSchema, checked)
    const sent = { data, ...(options && { options }), canonical: false }
    const parts = await offlineParts(named, at(value, 'options', 'simulation') !== undefined)
    await accept(sent, 'validated', undefined, parts).catch((error: unknown) => {
      if (!(error instanceof ServiceError) || error.code !== 'UNKNOWN_TEMPLATE') throw error
      remarks.push(
        `${data.templateName} ${data.templateVersion} is no sample template: its parameters can be checked by the service that has it (--server)`,
      )
    })
  })
  if (named.size > 0) remarks.push(`whether there is an O-Cloud ${[...named].join(', ')}, only a service knows`)
  return { faults: [...ofOptions, ...others], remarks }
}

/** The ports that a request is accepted with, over the samples. O-Clouds are believed, and those that are no samples noted in `named`. */
async function offlineParts(named: Set<string>, simulationAsked: boolean): Promise<AcceptParts> {
  const [templates, oClouds] = await Promise.all([sampleTemplates(), sampleOClouds()])
  return {
    catalogue: {
      async find(name, version) {
        const found = templates.find((template) => template.name === name && template.version === version)
        if (found) return expanded(found)
        throw new ServiceError('UNKNOWN_TEMPLATE', `there is no sample template ${name} ${version}`)
      },
      accept: ({ parameterSchema, targetSelector }, parameters) =>
        acceptParameters(withTarget({ parameterSchema, targetSelector }, parameters, [...oClouds.values()]), {
          schema: parameterSchema,
          validate: compileSchema(parameterSchema),
          async resolveOCloud(idOrName) {
            if (!oClouds.has(idOrName)) named.add(idOrName)
            return idOrName
          },
        }),
    },
    oClouds: {
      // Who asks for a simulation means a simulated one: the service tells the truth.
      isSimulated: async (name) => oClouds.get(name)?.simulated ?? simulationAsked,
    },
    secrets: {
      seal: () => 'not kept',
      fingerprint: (text) => createHash('sha256').update(text).digest('hex'),
    },
  }
}

async function sampleTemplates(): Promise<Template[]> {
  const files = await readSampleFiles(join(SAMPLES, 'templates'))
  return files.flatMap((file) => {
    const template = templateSchema.safeParse('content' in file ? file.content : undefined)
    return template.success ? [template.data] : []
  })
}

/** The sample O-Clouds by name, which stands for their id. */
async function sampleOClouds(): Promise<Map<string, LabelledOCloud & { simulated: boolean }>> {
  const files = await readSampleFiles(join(SAMPLES, 'oclouds'))
  return new Map(
    files.flatMap((file) => {
      const oCloud = sampleOCloud.safeParse('content' in file ? file.content : undefined)
      if (!oCloud.success) return []
      const { name, labels, simulated } = oCloud.data
      return [[name, { oCloudId: name, name, labels, simulated }] as const]
    }),
  )
}
