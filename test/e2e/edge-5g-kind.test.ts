import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call } from '../harness/client.ts'
import { childrenOf } from '../harness/leftovers.ts'
import { needs } from '../harness/needs.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { type Followed, type KindWorld, startKindWorld } from './kind-world.ts'

const PREFIX = 'o2ims-e2e-5g-'
const SMO = `${PREFIX}smo`
const EDGE = `${PREFIX}edge`
/** Longer than the time limit of a connection. */
const AWAY_MS = 6_000
const UID = /^[0-9a-f-]{36}$/
const UIDS = ['-o', 'jsonpath={.items[*].metadata.uid}']
const FOCOM_REQUESTS = 'focomprovisioningrequests.focom.nephio.org'
const THEIRS = 'provisioningrequests.o2ims.provisioning.oran.org'

/**
 * One request makes both clusters. Others use the same clusters by their kubeconfigs, the other way round, so that they have a FoCoM to themselves:
 * what is the edge of the first is their SMO.
 */
describe('edge-5g on true kind clusters', needs('redis', 'kind', 'kpt', 'kubectl'), () => {
  const CROSSED_SMO = EDGE
  const CROSSED_EDGE = SMO
  let world: KindWorld
  let filesBefore: string[]
  let oCloudsBefore: string[]
  let first: Followed
  let asked: string[]
  let crossedOperator: OperatorProcess
  /** The address of the crossed edge as other containers know it. */
  let edgeAddress: string

  beforeAll(async () => {
    world = await startKindWorld(PREFIX, { UNDO_TIMEOUT: '22', OCLOUD_STATUS_CACHE_SECONDS: '0' })
    filesBefore = world.files()
    oCloudsBefore = await world.oCloudNames()
  })
  afterAll(() => world?.stop())

  async function killService(): Promise<void> {
    await world.server.kill()
    await world.server.start()
  }

  async function names(cluster: string, kind: string): Promise<string[]> {
    const listed = await world.kubectl(cluster, 'get', kind, '-A', '--ignore-not-found', '-o', 'name')
    return listed.split('\n').filter((name) => name !== '')
  }
  /** Of the first request's requests, FoCoM's and the one that FoCoM made: made once, and left alone by everybody else. */
  const firstAsked = async () => [
    await world.kubectl(SMO, 'get', FOCOM_REQUESTS, '-A', ...UIDS),
    await world.kubectl(EDGE, 'get', THEIRS, ...UIDS),
  ]

  it('one request makes two clusters and is FULFILLED through FoCoM, though the service is killed in the second creation and while FoCoM is at work', async () => {
    const { clusters } = world
    const parameters = { clusterName: SMO, edgeClusterName: EDGE, operator: 'external', namespace: 'ran-first' }
    first = await world.send('first', 'edge-5g-kind', parameters, 300)

    await world.timed('SMO', () => first.says('smo', /SUCCEEDED/))
    const smo = await clusters.containerId(SMO)
    await first.says('edge', /Starting control-plane/)
    const halfMade = await clusters.containerId(EDGE)
    await killService()
    await world.play('focom', SMO)
    await world.timed('edge', () => first.says('request', /o2ims-operator wrote no status/))

    asked = await firstAsked()
    expect(asked).toEqual([expect.stringMatching(UID), expect.stringMatching(UID)])
    await world.play('o2ims', EDGE)
    await first.says('request', /o2ims-operator: Provisioning request validation done/)
    await killService()
    const body = await world.timed('FoCoM, workload', () => first.ended())
    expect(body.status.provisioningPhase, JSON.stringify(body.progress.error)).toBe('FULFILLED')
    expect(body.progress.simulated).toBe(false)

    // What was half-made was made anew, what was made was not.
    expect(smo).toBeDefined()
    expect(await clusters.containerId(SMO)).toBe(smo)
    expect(halfMade).toBeDefined()
    expect(await clusters.containerId(EDGE)).not.toBe(halfMade)
    expect((await clusters.containers()).size).toBe(2)
    expect(await firstAsked()).toEqual(asked)
    expect(childrenOf(first.reference)).toEqual([])
  })

  it('DU and CU run on the edge, and the report names the clusters, their addresses and versions, and that FoCoM’s operator is external', async () => {
    const pods = await world.kubectl(EDGE, 'get', 'pods', '-n', 'ran-first', '--no-headers')
    expect(pods).toMatch(/^cu-.*Running/m)
    expect(pods).toMatch(/^du-.*Running/m)
    const { body: report } = await world.get('provisioningRequests/first/report')
    for (const [name, seen] of [SMO, EDGE].map((name, index) => [name, report.observed.oClouds[index]] as const)) {
      const [endpoint] = (await world.kubeconfig(name)).match(/https:\S+/) ?? []
      expect(seen).toMatchObject({ name, reachable: true, managed: true, nodes: 1, endpoint })
      expect(await world.kubectl(name, 'version')).toContain(`Server Version: ${seen.version}`)
    }
    const own = expect.objectContaining({ kubeconfig: expect.stringMatching(/\/kubeconfig$/) })
    expect(report.access).toEqual([own, own])
    const workloads = report.observed.workloads.map(
      (one: { name: string; ready: boolean }) => `${one.name} ${one.ready}`,
    )
    expect(workloads.toSorted()).toEqual(['cu true', 'du true'])
    const { body: markdown } = await world.get('provisioningRequests/first/report', 'text/markdown')
    expect(markdown).toContain('operator: external')
    // FoCoM reaches the edge where containers do.
    expect(markdown).toContain(`leads to https://${await world.clusters.address(EDGE)}:6443`)
  })

  const crossed = (namespace: string, more: Record<string, string> = {}) => ({
    ...{ smo: 'crossed-smo', edge: 'crossed-edge', operator: 'external', silenceSeconds: 100 },
    ...{ namespace, edgeAddress },
    ...more,
  })

  it('an SMO that is away in the middle of two requests, and comes back: both go on and are FULFILLED; a third, whose edge FoCoM cannot reach, says so', async () => {
    edgeAddress = `${await world.clusters.address(CROSSED_EDGE)}:6443`
    const registered = [CROSSED_SMO, CROSSED_EDGE].map(async (cluster, index) => {
      const body = { name: ['crossed-smo', 'crossed-edge'][index], kubeconfig: await world.kubeconfig(cluster) }
      expect((await call(`${world.server.url}/o2ims/v1/ocloud`, 'POST', body)).status).toBe(201)
    })
    // They stand before, and stay: each namespace that goes takes five seconds.
    const here = ['ran-second', 'ran-third', 'ran-fourth', 'o2ims-definitions'].map((name) => [CROSSED_EDGE, name])
    const standing = [...here, [CROSSED_SMO, 'o2ims']].map(([cluster = '', name = '']) =>
      world.kubectl(cluster, 'create', 'namespace', name),
    )
    const played = world.play('o2ims', CROSSED_EDGE)
    await Promise.all([...registered, ...standing])
    crossedOperator = await played
    const sent = await Promise.all([
      world.send('second', 'edge-5g', crossed('ran-second'), 150),
      world.send('third', 'edge-5g', crossed('ran-third'), 150),
      world.send('unreached', 'edge-5g', crossed('ran-unreached', { edgeAddress: '127.0.0.1:9' }), 150),
    ])
    await Promise.all(sent.map((one) => one.says('focom', /RUNNING/)))
    await world.clusters.whilePaused(CROSSED_SMO, async () => {
      await sleep(AWAY_MS)
      for (const id of ['second', 'third'])
        expect((await world.get(`provisioningRequests/${id}`)).body.status.provisioningPhase).toBe('PROGRESSING')
    })
    await world.timed('FoCoM’s package, requests', () =>
      Promise.all(sent.map((one) => one.says('request', /FoCoM has not looked/))),
    )
    await world.clusters.killApiServer(CROSSED_SMO)
    await world.play('focom', CROSSED_SMO)
    const [second, third, unreached] = await world.timed('FoCoM is there', () =>
      Promise.all(sent.map((one) => one.ended())),
    )
    for (const body of [second, third])
      expect(body.status.provisioningPhase, JSON.stringify(body.progress.error)).toBe('FULFILLED')
    expect(unreached.progress.error).toMatchObject({ step: 'request', left: [] })
    expect(unreached.progress.error.cause).toMatch(/FoCoM says failed: .*ECONNREFUSED.*the O-Cloud answers here/)
  })

  it('an edge that is away until the deadline: FAILED, with the right words and what is left over there, while the SMO is cleaned; meanwhile a cancel in the second of two creations leaves no container', async () => {
    await crossedOperator.kill()
    const away = async () => {
      const fourth = await world.send('fourth', 'edge-5g', crossed('ran-fourth'), 12)
      await fourth.says('request', /o2ims-operator wrote no status/)
      return world.clusters.whilePaused(CROSSED_EDGE, () => fourth.ended())
    }
    const cancel = async () => {
      const parameters = { clusterName: `${PREFIX}c1`, edgeClusterName: `${PREFIX}c2`, operator: 'external' }
      const cancelled = await world.send('cancelled', 'edge-5g-kind', parameters, 300)
      await cancelled.says('edge', /Starting control-plane/)
      expect((await world.clusters.containers()).size).toBe(4)
      await call(`${world.server.url}/o2ims/v1/provisioningRequests/cancelled/cancel`, 'POST')
      return { body: await cancelled.ended(), children: childrenOf(cancelled.reference) }
    }
    const [fourth, cancelled] = await Promise.all([world.timed('edge away', away), world.timed('cancel', cancel)])

    const { error } = fourth.progress
    expect(error).toMatchObject({ code: 'CLEANUP_FAILED', step: 'request' })
    expect(error.cause).toMatch(/not done within 12 s; .*wrote no status.*; O-Cloud crossed-edge cannot be reached/)
    const left = error.left.map(({ kind, reason }: { kind: string; reason: string }) => `${kind}: ${reason}`)
    expect(left).toContainEqual(expect.stringMatching(/^ProvisioningRequest: not removed in time/))
    const undone = error.undone.map(({ kind }: { kind: string }) => kind)
    expect(undone).toEqual(expect.arrayContaining(['FocomProvisioningRequest', 'OCloud', 'Secret']))
    const { body: diagnostics } = await world.get('provisioningRequests/fourth/diagnostics')
    expect(diagnostics.collected.causes[0]).toMatch(/^O-Cloud crossed-edge cannot be reached/)

    expect(cancelled.body.progress.error).toMatchObject({ code: 'CANCELLED', step: 'edge', left: [] })
    expect(cancelled.children).toEqual([])
    expect((await world.clusters.containers()).size).toBe(2)
    expect(await world.oCloudNames()).not.toContain(`${PREFIX}c1`)
  })

  it('DELETE of one leaves the other and FoCoM; DELETE of the last takes FoCoM away and ends, but leaves the definitions that somebody else’s OCloud needs', async () => {
    crossedOperator = await world.play('o2ims', CROSSED_EDGE)
    const gone = async (...ids: string[]) => {
      const removals = await Promise.all(ids.map((id) => world.remove(id)))
      expect(await Promise.all(removals.map((one) => one.ended()))).toEqual(ids.map(() => undefined))
    }
    await world.timed('DELETE of one', () => gone('unreached', 'fourth', 'second'))
    expect(await names(CROSSED_SMO, FOCOM_REQUESTS)).toHaveLength(1)
    expect(await names(CROSSED_EDGE, THEIRS)).toHaveLength(1)
    expect(await names(CROSSED_SMO, 'clusterroles')).toContainEqual(
      expect.stringContaining('focom-operator-manager-role'),
    )
    expect(await world.kubectl(CROSSED_EDGE, 'get', 'pods', '-n', 'ran-third', '--no-headers')).toMatch(
      /^du-.*Running/m,
    )

    const metadata = { name: 'somebodys', namespace: 'default' }
    const spec = { o2imsSecret: { secretRef: { name: 'x', namespace: 'default' } } }
    await world.create(CROSSED_SMO, { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud', metadata, spec })
    await world.timed('DELETE of the last', () => gone('third'))
    expect(await names(CROSSED_SMO, 'clusterroles')).not.toContainEqual(expect.stringContaining('focom'))
    expect(await names(CROSSED_SMO, 'namespaces')).not.toContain('namespace/focom-system')
    expect(await names(CROSSED_SMO, 'oclouds.focom.nephio.org')).toHaveLength(1)
    const definitions = await names(CROSSED_SMO, 'customresourcedefinitions')
    for (const kept of ['oclouds.focom', 'focomprovisioningrequests.focom', 'templateinfoes.provisioning'])
      expect(definitions).toContainEqual(expect.stringContaining(kept))
    expect(await names(CROSSED_EDGE, 'customresourcedefinitions')).not.toContainEqual(expect.stringContaining(THEIRS))
  })

  it('DELETE leaves no container, no file, no child and no O-Cloud', async () => {
    expect(
      await world.timed('DELETE of both clusters', async () => (await world.remove('first')).ended()),
    ).toBeUndefined()
    expect(await world.clusters.containers()).toEqual(new Map())
    expect(world.files()).toEqual(filesBefore)
    expect(childrenOf(first.reference)).toEqual([])
    expect((await world.oCloudNames()).filter((name) => !name.startsWith('crossed-'))).toEqual(oCloudsBefore)
  })
})
