import { AlreadyExists, type Store } from '../store/store.ts'
import type { Registration } from './rules.ts'

/** The one record of how far the SMO knows of us. */
export interface Registrations {
  get(): Promise<Registration | undefined>
  /** `change` gives what is stored from now on, or undefined to leave it. Resolves with what stands. */
  update(change: (current: Registration | undefined) => Registration | undefined): Promise<Registration | undefined>
  /** Told after each change by any process, and when changes may have been missed. Returns the way to stop. */
  subscribe(onChange: () => void): () => void
}

const COLLECTION = 'registration'
const ID = 'smo'

export function createRegistrations(store: Pick<Store, 'collection' | 'feed'>): Registrations {
  const records = store.collection<Registration>(COLLECTION)
  const alongside = ({ state }: Registration) => ({ events: [{ event: 'registration', data: { state } }] })

  const registrations: Registrations = {
    get: async () => (await records.get(ID))?.value,
    async update(change) {
      const known = await records.get(ID)
      if (known) {
        const updated = await records.update(ID, ({ value }) => {
          const changed = change(value)
          return changed && { value: changed, alongside: alongside(changed) }
        })
        return updated?.value
      }
      const first = change(undefined)
      if (first === undefined) return undefined
      try {
        return (await records.create(ID, first, alongside(first))).value
      } catch (error) {
        if (error instanceof AlreadyExists) return registrations.update(change)
        throw error
      }
    },
    subscribe: (onChange) => store.feed.subscribe(`${COLLECTION}:${ID}`, onChange, onChange),
  }
  return registrations
}
