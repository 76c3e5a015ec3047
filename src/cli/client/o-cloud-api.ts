import { CommandFailure } from './failure.ts'
import type { Http } from './http.ts'
import { allPages, parsed } from './read.ts'
import { oCloudListSchema, oCloudSchema, type WireOCloud } from './wire.ts'

const O_CLOUDS = '/o2ims/v1/ocloud'

/** The registered O-Clouds. Rejections are CommandFailures. */
export interface OCloudApi {
  list(): Promise<WireOCloud[]>
  /** By its id, else by its name: an O-Cloud may be called whatever looks like an id. */
  find(idOrName: string): Promise<WireOCloud>
  /** `body` may hold a kubeconfig. */
  create(body: unknown): Promise<WireOCloud>
  replace(oCloudId: string, body: unknown): Promise<WireOCloud>
  remove(oCloudId: string): Promise<void>
  /** A secret. */
  kubeconfig(oCloudId: string): Promise<string>
}

export function createOCloudApi(http: Http): OCloudApi {
  const list = () => allPages(http, O_CLOUDS, oCloudListSchema)
  return {
    list,
    async find(idOrName) {
      const all = await list()
      const found = all.find(({ oCloudId }) => oCloudId === idOrName) ?? all.find(({ name }) => name === idOrName)
      if (found) return found
      const names = all.map(({ name }) => name)
      throw new CommandFailure(`there is no O-Cloud with the id or the name ${idOrName}`, {
        hint: names.length > 0 ? `there are: ${names.join(', ')}` : 'none is registered yet',
      })
    },
    create: async (body) => parsed(http, await http.call(O_CLOUDS, { method: 'POST', body }), oCloudSchema),
    async replace(oCloudId, body) {
      return parsed(http, await http.call(pathOf(oCloudId), { method: 'PUT', body, repeatable: true }), oCloudSchema)
    },
    async remove(oCloudId) {
      await http.call(pathOf(oCloudId), { method: 'DELETE' })
    },
    async kubeconfig(oCloudId) {
      const call = { accept: 'application/yaml', repeatable: true }
      return (await http.call(`${pathOf(oCloudId)}/kubeconfig`, call)).text
    },
  }
}

const pathOf = (oCloudId: string) => `${O_CLOUDS}/${encodeURIComponent(oCloudId)}`
