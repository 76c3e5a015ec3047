import type { Http } from './http.ts'
import { allPages, parsed } from './read.ts'
import { templateListSchema, templateSchema, type WireTemplate } from './wire.ts'

const TEMPLATES = '/o2ims/v1/templates'

/** The published templates. Rejections are CommandFailures. */
export interface TemplateApi {
  list(): Promise<WireTemplate[]>
  get(name: string, version: string): Promise<WireTemplate>
  publish(body: unknown): Promise<WireTemplate>
  remove(name: string, version: string): Promise<void>
}

export function createTemplateApi(http: Http): TemplateApi {
  return {
    list: () => allPages(http, TEMPLATES, templateListSchema),
    async get(name, version) {
      return parsed(http, await http.call(pathOf(name, version), { repeatable: true }), templateSchema)
    },
    publish: async (body) => parsed(http, await http.call(TEMPLATES, { method: 'POST', body }), templateSchema),
    async remove(name, version) {
      await http.call(pathOf(name, version), { method: 'DELETE' })
    },
  }
}

const pathOf = (name: string, version: string) =>
  `${TEMPLATES}/${encodeURIComponent(name)}/${encodeURIComponent(version)}`
