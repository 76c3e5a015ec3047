import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { INVENTORY_ANNOTATION, OWNER_LABEL } from '../../../src/clusters/ownership.ts'
import {
  inventoryIdOf,
  isStillOurs,
  type Owner,
  stamped,
  standingOf,
} from '../../../src/provisioning/steps/ownership.ts'
import { configMap, deployment } from './objects.ts'

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/)
const owner = fc.record({ reference: word, step: word })
const us: Owner = { reference: 'r1', step: 'workload' }

const annotated = (annotations: Record<string, string>): KubernetesObject => ({
  ...configMap('ran', 'settings'),
  metadata: { name: 'settings', namespace: 'ran', annotations },
})

test('an object is ours for the very step that stamped it, and for nobody else', () => {
  fc.assert(
    fc.property(owner, owner, (maker, asker) => {
      const same = maker.reference === asker.reference && maker.step === asker.step
      const live = stamped(configMap('ran', 'settings'), maker)
      expect(standingOf(live, asker).standing).toBe(same ? 'ours' : 'foreign')
      expect(isStillOurs(live, undefined, asker)).toBe(same)
    }),
  )
})

test('the owner is named: another request, another step, an inventory, whoever made it', () => {
  const said = (live: KubernetesObject) => {
    const standing = standingOf(live, us)
    return standing.standing === 'foreign' ? standing.owner : standing.standing
  }
  expect(said(stamped(configMap('ran', 'a'), { reference: 'r2', step: 'x' }))).toBe('provisioning request r2')
  expect(said(stamped(configMap('ran', 'a'), { reference: 'r1', step: 'x' }))).toBe('step x of this request')
  expect(said(annotated({ [INVENTORY_ANNOTATION]: 'theirs' }))).toBe('kpt inventory theirs')
  expect(said(annotated({ [INVENTORY_ANNOTATION]: inventoryIdOf(us) }))).toBe('ours')
  expect(said(annotated({}))).toBe('somebody else')
  const managedFields = [{ manager: 'kube-apiserver', subresource: 'status' }, { manager: 'kubectl-create' }]
  expect(said({ ...annotated({}), metadata: { name: 'a', managedFields } })).toBe(
    'somebody else (made by kubectl-create)',
  )
})

test('at undo the uid decides, unless the object is another request’s by now', () => {
  const plain = { ...configMap('ran', 'a'), metadata: { name: 'a', uid: 'u1' } }
  expect(isStillOurs(plain, 'u1', us)).toBe(true)
  expect(isStillOurs(plain, 'u2', us)).toBe(false)
  expect(isStillOurs(plain, undefined, us)).toBe(false)
  const taken = { ...plain, metadata: { ...plain.metadata, labels: { [OWNER_LABEL]: 'r2' } } }
  expect(isStillOurs(taken, 'u1', us)).toBe(false)
})

test('the pods of a workload carry our labels too; its selector and everything else stay', () => {
  const before = deployment('ran', 'du')
  const after = stamped(before, us)
  expect(after.spec).toMatchObject({
    selector: { matchLabels: { app: 'du' } },
    template: { metadata: { labels: { app: 'du', [OWNER_LABEL]: 'r1' } } },
  })
  expect(before).toEqual(deployment('ran', 'du'))
  const cron = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
  }
  expect(stamped(cron, us).spec).toMatchObject({
    schedule: '0 0 * * *',
    jobTemplate: { spec: { template: { metadata: { labels: { [OWNER_LABEL]: 'r1' } }, spec: { containers: [] } } } },
  })
})
