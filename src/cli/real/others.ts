import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Api } from '../client/api.ts'
import { allPages } from '../client/read.ts'
import { standingIds } from './users.ts'

const SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url))
const subscriptions = z.array(z.looseObject({ subscriptionId: z.string() }))

/** What a service holds beside the samples that it loads: each as a line. Empty when nobody would miss it. */
export async function othersIn(api: Api): Promise<string[]> {
  const requests = await standingIds(api)
  const samples = { oClouds: await sampleNames('oclouds'), templates: await sampleNames('templates') }
  // One that a request made goes with it.
  const oClouds = (await api.oClouds.list()).filter(({ managed, name }) => !managed && !samples.oClouds.has(name))
  const templates = (await api.templates.list())
    .map(({ name, version }) => `${name}-${version}`)
    .filter((template) => !samples.templates.has(template))
  const told = await allPages(api.http, '/o2ims/v1/subscriptions', subscriptions)
  return [
    ...requests.map((id) => `request ${id}`),
    ...oClouds.map(({ name }) => `O-Cloud ${name}`),
    ...templates.map((template) => `template ${template}`),
    ...told.map(({ subscriptionId }) => `subscription ${subscriptionId}`),
  ]
}

/** Their files are called as they are. */
async function sampleNames(folder: 'oclouds' | 'templates'): Promise<Set<string>> {
  return new Set((await readdir(`${SAMPLES}${folder}`)).map((file) => file.replace(/\.ya?ml$/, '')))
}
