import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createOutgoing } from '../../src/outgoing/outgoing.ts'
import type { OutgoingSettings } from '../../src/outgoing/settings.ts'
import { type Authority, createAuthority } from '../harness/certificates.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { labSettings } from './settings.ts'

describe('TLS', needs('openssl'), () => {
  let authority: Authority
  let folder: string
  let smo: HttpPeer
  let asksForCertificates: HttpPeer
  const clients: string[] = []
  beforeAll(async () => {
    authority = createAuthority()
    folder = await mkdtemp(join(tmpdir(), 'o2ims-tls-'))
    const server = authority.issue('smo.example')
    smo = await startPeer(undefined, { tls: server })
    asksForCertificates = await startPeer(
      (response) => {
        const socket = response.socket as TLSSocket
        clients.push(String(socket.getPeerCertificate().subject?.CN))
        response.writeHead(204).end()
      },
      { tls: { ...server, ca: authority.ca, requestCert: true, rejectUnauthorized: true } },
    )
  })
  afterAll(async () => {
    await smo?.close()
    await asksForCertificates?.close()
    authority?.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  async function post(name: string, peer: HttpPeer, settings: Partial<OutgoingSettings>) {
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const client = createOutgoing({ settings: labSettings({ callbackAllowHttp: false, ...settings }), resolve })
    const sent = await client.post(`https://${name}:${peer.port}/`, '{}')
    await client.close()
    return sent
  }

  test('reaches a server of an authority that we trust', async () => {
    expect(await post('smo.example', smo, { outgoingCa: authority.ca })).toEqual({ accepted: true, status: 204 })
  })

  test.each<[string, string, () => Partial<OutgoingSettings>, RegExp]>([
    ['an authority that we do not know', 'smo.example', () => ({}), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
    ['another name', 'other.example', () => ({ outgoingCa: authority.ca }), /ERR_TLS_CERT_ALTNAME_INVALID/],
  ])('tells a server of %s apart', async (_what, name, settings, code) => {
    const before = smo.requests.length
    expect(await post(name, smo, settings())).toMatchObject({ kind: 'tls', reason: expect.stringMatching(code) })
    expect(smo.requests).toHaveLength(before)
  })

  test('shows our certificate to a server that asks for one', async () => {
    const { cert, key } = authority.issue('o2ims')
    const ours = { outgoingCa: authority.ca, outgoingClientCert: cert, outgoingClientKey: key }
    expect(await post('smo.example', asksForCertificates, ours)).toMatchObject({ accepted: true })
    expect(clients).toEqual(['o2ims'])
    const sent = await post('smo.example', asksForCertificates, { outgoingCa: authority.ca })
    expect(sent).toMatchObject({ accepted: false, kind: expect.stringMatching(/^(tls|unreachable)$/) })
  })

  test('is configured by files, and a start with bad ones says which', () => {
    const { cert, key } = authority.issue('mine')
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const [certFile, keyFile, caFile] = [file('cert', cert), file('key', key), file('ca', authority.ca)]
    const good = { OUTGOING_CLIENT_CERT: certFile, OUTGOING_CLIENT_KEY: keyFile, OUTGOING_CA: caFile }
    expect(loadConfig(good)).toMatchObject({ ok: true, config: { outgoingClientCert: cert, outgoingClientKey: key } })
    const errorsOf = (env: Record<string, string>) => {
      const loaded = loadConfig({ ...good, ...env })
      return loaded.ok ? [] : loaded.errors
    }
    expect(errorsOf({ OUTGOING_CA: join(folder, 'none') })).toEqual([
      `OUTGOING_CA: the file ${folder}/none cannot be read`,
    ])
    expect(errorsOf({ OUTGOING_CA: keyFile })).toEqual(['OUTGOING_CA: holds no certificate in PEM'])
    const mismatch = 'OUTGOING_CLIENT_CERT: is no PEM certificate, or OUTGOING_CLIENT_KEY is not its key'
    expect(errorsOf({ OUTGOING_CLIENT_KEY: file('other', authority.issue('other').key) })).toEqual([mismatch])
    expect(errorsOf({ OUTGOING_CLIENT_KEY: '' })).toEqual([
      'OUTGOING_CLIENT_CERT: says nothing without OUTGOING_CLIENT_KEY',
    ])
  })
})
