import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createOutgoing } from '../../src/outgoing/outgoing.ts'
import { createResolver, type Resolve, type ResolverParts } from '../../src/outgoing/resolver.ts'
import { startPeer } from '../harness/http-peer.ts'
import { type NameServer, startNameServer } from '../harness/name-server.ts'
import { labSettings } from './settings.ts'

const answers: Record<string, string> = {
  'smo.example': '127.0.0.1',
  'here.example': '192.0.2.1',
  'broken.example': 'failure',
  broken: 'failure',
}

describe('a name', () => {
  let names: NameServer
  let folder: string
  let hostsFile: string
  const bySystem: string[] = []
  const closing: (() => Promise<void>)[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'o2ims-hosts-'))
    hostsFile = join(folder, 'hosts')
    await writeFile(hostsFile, '# ours\n127.0.0.1 localhost Here.Example # and more\n::1\tlocalhost\n')
    names = await startNameServer((name) => answers[name] ?? (name.startsWith('silent') ? 'silence' : 'unknown'))
  })
  afterEach(async () => {
    bySystem.length = 0
    names.asked.length = 0
    for (const close of closing.splice(0)) await close()
  })
  afterAll(async () => {
    await names?.close()
    await rm(folder, { recursive: true, force: true })
  })

  function resolver(parts: ResolverParts = {}): Resolve {
    return createResolver({
      servers: [names.server],
      hostsFile,
      async bySystem(name) {
        bySystem.push(name)
        return [{ address: '10.0.0.1', family: 4 }]
      },
      ...parts,
    })
  }

  test('is told by the name server, and the system is not asked', async () => {
    expect(await resolver()('smo.example')).toEqual([{ address: '127.0.0.1', family: 4 }])
    expect(bySystem).toEqual([])
  })

  test('that the hosts file has is taken from there, whatever the name server says', async () => {
    expect(await resolver()('here.example')).toEqual([{ address: '127.0.0.1', family: 4 }])
    expect(await resolver()('localhost')).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ])
    expect(names.asked).toEqual([])
  })

  test('that no name server knows is asked of the system', async () => {
    expect(await resolver()('smo')).toEqual([{ address: '10.0.0.1', family: 4 }])
    expect(bySystem).toEqual(['smo'])
    const real = createResolver({ servers: [names.server], hostsFile: join(folder, 'none') })
    expect(await real('localhost')).toContainEqual({ address: '127.0.0.1', family: 4 })
    await expect(real('name.invalid')).rejects.toMatchObject({ code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) })
  })

  test('whose name server waits in vain for another one is no matter for the system, unless it has no dot', async () => {
    await expect(resolver()('broken.example')).rejects.toMatchObject({ code: 'EAI_AGAIN' })
    expect(bySystem).toEqual([])
    expect(await resolver()('broken')).toHaveLength(1)
    expect(bySystem).toEqual(['broken'])
  })

  test('that is asked for by many at once is looked up once', async () => {
    const resolve = resolver()
    await Promise.all(Array.from({ length: 50 }, () => resolve('smo.example')))
    // For IPv4 and IPv6
    expect(names.asked.length).toBeLessThan(10)
  })

  test('whose name server is silent holds up no other one, and never reaches the threads of the system', async () => {
    const subscriber = await startPeer()
    const client = createOutgoing({ settings: labSettings({ outgoingTimeoutSeconds: 30 }), resolve: resolver() })
    closing.push(client.close, subscriber.close)
    let silent = 20
    const dead = Array.from({ length: silent }, async (_, index) => {
      const outcome = await client.post(`http://silent-${index}.example/`, '{}')
      silent -= 1
      return outcome
    })
    expect(await client.post(`http://smo.example:${subscriber.port}/`, '{}')).toMatchObject({ accepted: true })
    expect(silent).toBe(20)
    for (const outcome of await Promise.all(dead))
      expect(outcome).toMatchObject({ kind: 'name', reason: 'has a name that cannot be looked up at this moment' })
    expect(bySystem).toEqual([])
  }, 60_000)

  test('that the system does not tell is asked once, and a few of them keep no more from being refused', async () => {
    let asked = 0
    const resolve = resolver({
      bySystem() {
        asked += 1
        return new Promise(() => undefined)
      },
    })
    const refused: unknown[] = []
    for (let index = 0; index < 10; index++) {
      resolve(`odd-${index}`).catch((error) => refused.push(error))
      resolve(`odd-${index}`).catch((error) => refused.push(error))
    }
    await expect.poll(() => refused.length).toBe(4)
    expect(asked).toBe(8)
    expect(await resolve('smo.example')).toHaveLength(1)
  })
})
