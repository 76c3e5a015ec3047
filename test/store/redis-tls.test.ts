import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore } from '../../src/store/create-store.ts'
import { behindSentinels, type RedisAddress } from '../../src/store/redis-address.ts'
import { findRedisBinary } from '../../src/store/redis-binary.ts'
import { type Authority, createAuthority } from '../harness/certificates.ts'
import { type Children, createChildren, freePorts } from '../harness/children.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'

describe('a Redis that speaks TLS', needs('redis', 'openssl'), () => {
  let children: Children
  let authority: Authority
  let port = 0
  let sentinelPort = 0
  beforeAll(async () => {
    children = createChildren('o2ims-redis-tls-')
    authority = createAuthority()
    const ports = await freePorts(2)
    ;[port = 0, sentinelPort = 0] = ports
    const { cert, key } = authority.issue('redis', 'IP:127.0.0.1')
    const files = { 'tls-cert-file': cert, 'tls-key-file': key, 'tls-ca-cert-file': authority.ca }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(children.folder, name), text)
    const tls = Object.keys(files).map((name) => `${name} ${join(children.folder, name)}`)
    const shared = ['bind 127.0.0.1', 'port 0', 'tls-auth-clients no', 'tls-replication yes', ...tls]
    const start = (name: string, lines: string[], ...args: string[]) => {
      const file = join(children.folder, `${name}.conf`)
      writeFileSync(file, [...shared, ...lines].join('\n'))
      children.start(name, findRedisBinary() ?? '', [file, ...args])
    }
    start('redis', [`tls-port ${port}`, 'appendonly yes', 'requirepass geheim'])
    const watch = [`sentinel monitor mymaster 127.0.0.1 ${port} 1`, 'sentinel auth-pass mymaster geheim']
    start('sentinel', [`tls-port ${sentinelPort}`, ...watch], '--sentinel')
  })
  afterAll(async () => {
    await children?.stop()
    authority?.dispose()
  })

  const open = (address: RedisAddress) =>
    createStore({ address, key: Buffer.alloc(32, 1), log: silentLog(), external: { tolerateVolatile: false } })

  it('is trusted by the authority that is given, itself and behind its Sentinel, and not without it', async () => {
    const url = `rediss://:geheim@127.0.0.1:${port}`
    const { ca } = authority
    await eventually(async () => (await open({ url, ca })).close())
    const nodes = [{ host: '127.0.0.1', port: sentinelPort }]
    const store = await open(behindSentinels({ url, ca }, { nodes, master: 'mymaster' }))
    await store.collection<string>('texts').create(randomBytes(4).toString('hex'), 'x')
    await store.close()
    await expect(open({ url })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  }, 40_000)
})
