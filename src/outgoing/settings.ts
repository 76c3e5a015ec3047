import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { CallbackSettings } from './callback-rules.ts'

/** The settings of everything that this service calls on its own account, except clusters and package repositories. */
export interface OutgoingSettings extends CallbackSettings {
  callbackTest: boolean
  outgoingTimeoutSeconds: number
  /** PEM. */
  outgoingClientCert?: string | undefined
  outgoingClientKey?: string | undefined
  outgoingCa?: string | undefined
  oauthTokenUrl?: string | undefined
  oauthClientId?: string | undefined
  oauthClientSecret?: string | undefined
  oauthScope?: string | undefined
}

/** What of the settings is TLS's: our certificate for servers that ask for one, and whom we trust. */
export function tlsOf({ outgoingClientCert: cert, outgoingClientKey: key, outgoingCa: ca }: OutgoingSettings) {
  return { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }), ...(ca !== undefined && { ca }) }
}

/** What is wrong with the settings taken together, one line each; none of them repeats a value. */
export function outgoingFaults(settings: OutgoingSettings): string[] {
  const { oauthTokenUrl, oauthClientId, oauthClientSecret, oauthScope, outgoingClientCert, outgoingClientKey } =
    settings
  const needs = (name: string, value: unknown, otherName: string, other: unknown) =>
    value !== undefined && other === undefined ? [`${name}: says nothing without ${otherName}`] : []
  return [
    ...needs('OAUTH_TOKEN_URL', oauthTokenUrl, 'OAUTH_CLIENT_ID', oauthClientId),
    ...needs('OAUTH_TOKEN_URL', oauthTokenUrl, 'OAUTH_CLIENT_SECRET', oauthClientSecret),
    ...needs('OAUTH_CLIENT_ID', oauthClientId, 'OAUTH_TOKEN_URL', oauthTokenUrl),
    ...needs('OAUTH_CLIENT_SECRET', oauthClientSecret, 'OAUTH_TOKEN_URL', oauthTokenUrl),
    ...needs('OAUTH_SCOPE', oauthScope, 'OAUTH_TOKEN_URL', oauthTokenUrl),
    ...needs('OUTGOING_CLIENT_CERT', outgoingClientCert, 'OUTGOING_CLIENT_KEY', outgoingClientKey),
    ...needs('OUTGOING_CLIENT_KEY', outgoingClientKey, 'OUTGOING_CLIENT_CERT', outgoingClientCert),
    ...tlsFaults(settings),
  ]
}

function tlsFaults(settings: OutgoingSettings): string[] {
  const { cert, key, ca } = tlsOf(settings)
  const pair = 'OUTGOING_CLIENT_CERT: is no PEM certificate, or OUTGOING_CLIENT_KEY is not its key'
  return [
    // TLS itself takes any text here, and then trusts nobody
    ...(ca === undefined ? [] : fault('OUTGOING_CA: holds no certificate in PEM', () => new X509Certificate(ca))),
    ...(cert === undefined || key === undefined ? [] : fault(pair, () => createSecureContext({ cert, key }))),
  ]
}

function fault(line: string, check: () => unknown): string[] {
  try {
    check()
    return []
  } catch {
    return [line]
  }
}
