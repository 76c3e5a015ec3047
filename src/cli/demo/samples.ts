import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { CommandFailure } from '../client/failure.ts'
import { type Http, parseJson } from '../client/http.ts'
import { parseRequest } from '../request-file.ts'

const FOLDER = fileURLToPath(new URL('../../../samples/requests/', import.meta.url))

const oClouds = z.array(z.looseObject({ oCloudId: z.string(), name: z.string(), simulated: z.boolean() }))
const targets = z.looseObject({
  templateParameters: z.looseObject({ oCloud: z.string().optional(), driver: z.string().optional() }).optional(),
})

/** The sample requests that run on simulated O-Clouds alone, in the order of their file names. Rejects with a CommandFailure when there is none. */
export async function simulatedSamples(http: Http): Promise<{ file: string; body: unknown }[]> {
  const registered = oClouds.parse(parseJson((await http.call('/o2ims/v1/ocloud')).text))
  const simulated = new Set(
    registered.filter((each) => each.simulated).flatMap(({ oCloudId, name }) => [oCloudId, name]),
  )
  const files = (await readdir(FOLDER)).filter((file) => /\.ya?ml$/.test(file)).sort()
  const all = await Promise.all(
    files.map(async (file) => ({ file, body: parseRequest(await readFile(join(FOLDER, file), 'utf8'), file) })),
  )
  const chosen = all.filter(({ body }) => {
    const parameters = targets.parse(body).templateParameters
    return parameters?.driver === 'simulated' || simulated.has(parameters?.oCloud ?? '')
  })
  if (chosen.length === 0) throw new CommandFailure('samples/requests has no request for a simulated O-Cloud')
  return chosen
}
