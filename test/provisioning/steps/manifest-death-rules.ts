import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, ObjectRef } from '../../../src/clusters/cluster.ts'
import { manifests } from '../../../src/provisioning/steps/manifests.ts'
import { refOf } from '../../../src/provisioning/steps/object-order.ts'
import { dieAt, Killed } from '../../harness/deaths.ts'
import { needs, type Part } from '../../harness/needs.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { configMap, deployment, namespaceObject } from './objects.ts'

export interface ManifestWorld {
  cluster: Cluster
  teardown(): Promise<void>
}

/** What holds for the manifests step when its process is killed, on every driver of the cluster port. */
export function manifestDeathRules(
  name: string,
  setup: () => Promise<ManifestWorld>,
  options: { needs: Part[] },
): void {
  describe(`the manifests step of a process that is killed: ${name}`, needs(...options.needs), () => {
    let world: ManifestWorld
    beforeAll(async () => {
      world = await setup()
    })
    afterAll(async () => {
      await world?.teardown()
    })

    const unique = () => `deaths-${randomBytes(4).toString('hex')}`
    const context = (parts: TestContextParts = {}) => testContext({ clusters: [world.cluster], ...parts })
    const uidOf = async (ref: ObjectRef) => (await world.cluster.get(ref))?.metadata.uid
    const threeObjects = (namespace: string) => {
      const objects = [namespaceObject(namespace), configMap(namespace, 'settings'), deployment(namespace, 'du')]
      return manifests.inputs.parse({ target: world.cluster.oCloudId, objects })
    }
    const uidsOf = ({ objects }: ReturnType<typeof threeObjects>) =>
      Promise.all(objects.map((object) => uidOf(refOf(object))))

    /** Applies three objects in a process that dies at that instant. */
    async function killedAt(nth: number) {
      const reference = randomUUID()
      const inputs = threeObjects(unique())
      const deaths = dieAt(nth)
      const dying = context({
        reference,
        clusters: [deaths.cluster(world.cluster)],
        onCheckpoint: (when) => deaths.instant(`${when} checkpoint`),
      })
      await manifests.apply(inputs, undefined, dying.context).catch((error) => expect(error).toBeInstanceOf(Killed))
      return { inputs, reference, died: deaths.diedAt(), made: dying.last() }
    }

    test('before or after any write or checkpoint: a second run ends the same and makes nothing twice', async () => {
      const lives = await Promise.all(
        range(1, 9).map(async (nth) => {
          const { inputs, reference, died, made } = await killedAt(nth)
          const before = await uidsOf(inputs)
          const again = context({ reference })
          const ended = await manifests.apply(inputs, made, again.context)
          const after = await uidsOf(inputs)
          expect(after.every((uid) => uid !== undefined)).toBe(true)
          before.forEach((uid, index) => {
            if (uid !== undefined) expect(after[index]).toBe(uid)
          })
          const complete = ended.objects.every(({ action, madeIn, uid }) => action === 'created' && madeIn === 1 && uid)
          expect(complete).toBe(true)
          expect(await manifests.undo(ended, 'generation', again.context)).toMatchObject({ left: [] })
          expect(await uidsOf(inputs)).toEqual([undefined, undefined, undefined])
          return died
        }),
      )
      expect(lives).toEqual([
        'before checkpoint',
        'after checkpoint',
        'before apply of Namespace',
        'after apply of Namespace',
        'before apply of ConfigMap',
        'after apply of ConfigMap',
        'before apply of Deployment',
        'after apply of Deployment',
        undefined,
      ])
    })

    test('before or after any write or checkpoint: an undo leaves nothing', async () => {
      await Promise.all(
        range(1, 8).map(async (nth) => {
          const { inputs, reference, made } = await killedAt(nth)
          if (made === undefined) return
          const { left } = await manifests.undo(made, 'generation', context({ reference }).context)
          expect(left).toEqual([])
          expect(await uidsOf(inputs)).toEqual([undefined, undefined, undefined])
        }),
      )
    })

    test('in the middle of an undo: the undo runs again and leaves nothing', async () => {
      await Promise.all(
        range(1, 7).map(async (nth) => {
          const inputs = threeObjects(unique())
          const { context: run } = context()
          const made = await manifests.apply(inputs, undefined, run)
          const { reference } = run.request
          const dying = context({ reference, clusters: [dieAt(nth).cluster(world.cluster)] })
          await manifests.undo(made, 'all', dying.context).catch((error) => expect(error).toBeInstanceOf(Killed))
          expect(await manifests.undo(made, 'all', context({ reference }).context)).toMatchObject({ left: [] })
          expect(await uidsOf(inputs)).toEqual([undefined, undefined, undefined])
        }),
      )
    })
  })
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)
