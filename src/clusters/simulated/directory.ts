import type { ObjectChange } from '../../store/objects.ts'
import type { Store } from '../../store/store.ts'

const SPACE = '~simulated'

interface Entry<T> {
  name: string
  value: T
  revision: number
}

/** A short list of what is simulated, kept like objects, so that every process hears of what is new in it. */
export interface Directory<T> {
  get(name: string): Promise<Entry<T> | undefined>
  list(): Promise<Entry<T>[]>
  /** Rejects with VersionConflict when `expected` (0: nothing) does not stand there. */
  put(name: string, value: T, expected: number): Promise<void>
  remove(name: string, expected: number): Promise<void>
  /** Every change from now on; `onGap`: list again. Returns the way to stop. */
  subscribe(onChange: (change: ObjectChange) => void, onGap: () => void): () => void
}

export function createDirectory<T>({ store, kind }: { store: Pick<Store, 'objects'>; kind: string }): Directory<T> {
  const { objects } = store
  const shelf = { kind, namespace: '' }
  let made: Promise<boolean> | undefined

  /** Once in a process; again after a failure. */
  async function opened(): Promise<void> {
    made ??= objects.create(SPACE)
    try {
      await made
    } catch (error) {
      made = undefined
      throw error
    }
  }

  function read({ name, text, revision }: { name: string; text: string; revision: number }): Entry<T> {
    const value: T = JSON.parse(text)
    return { name, value, revision }
  }

  return {
    async get(name) {
      await opened()
      const { object } = await objects.get(SPACE, shelf, name)
      return object === undefined ? undefined : read(object)
    },
    async list() {
      await opened()
      return (await objects.list(SPACE, kind, '')).objects.map(read)
    },
    async put(name, value, expected) {
      await opened()
      const text = JSON.stringify(value)
      await objects.commit(SPACE, [{ shelf, name, expected, text, told: text }])
    },
    async remove(name, expected) {
      await opened()
      await objects.commit(SPACE, [{ shelf, name, expected, told: 'null' }])
    },
    subscribe: (onChange, onGap) => objects.subscribe(SPACE, kind, onChange, onGap),
  }
}
