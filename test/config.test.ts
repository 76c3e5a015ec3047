import { randomBytes } from 'node:crypto'
import { isAbsolute } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Config, loadConfig, settingsTable } from '../src/config.ts'

function loaded(env: Record<string, string>): Config {
  const result = loadConfig(env)
  if (!result.ok) throw new Error(result.errors.join('\n'))
  return result.config
}

function errorsOf(env: Record<string, string>): string[] {
  const result = loadConfig(env)
  return result.ok ? [] : result.errors
}

describe('the settings', () => {
  it('have a default each, and unknown variables are none of ours', () => {
    const config = loaded({ HOME: '/home/me', KUBERNETES_PORT: 'tcp://10.0.0.1:443', LOG_LEVEL: '' })
    expect(config).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      logLevel: 'info',
      workerConcurrency: 1000,
      loadSamples: true,
    })
    expect(config).toMatchObject({
      takeoverSeconds: 10,
      undoTimeoutSeconds: 300,
      bodyLimitBytes: 1_048_576,
      shutdownSeconds: 5,
    })
    expect(config.childProcesses).toBeGreaterThanOrEqual(2)
    expect([config.redisUrl, config.encryptionKey, config.kindNodeImage]).toEqual([undefined, undefined, undefined])
    expect(isAbsolute(config.dataDir)).toBe(true)
    expect(config.packageRoot).toMatch(/samples\/packages$/)
  })

  it('are taken from the environment', () => {
    const key = randomBytes(32)
    const env = {
      PORT: '0',
      LOAD_SAMPLES: 'false',
      REDIS_URL: 'rediss://:pw@redis:6380/1',
      ENCRYPTION_KEY: key.toString('base64'),
    }
    const config = loaded(env)
    expect(config).toMatchObject({ port: 0, loadSamples: false, redisUrl: env.REDIS_URL })
    expect(config.encryptionKey).toEqual(key)
  })

  it('that are bad give one line each, with the name first', () => {
    const errors = errorsOf({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      LOAD_SAMPLES: 'yes',
      TAKEOVER_SECONDS: '-1',
      BODY_LIMIT: '1e9',
    })
    expect(errors.map((line) => line.split(':')[0]).sort()).toEqual([
      'BODY_LIMIT',
      'LOAD_SAMPLES',
      'LOG_LEVEL',
      'PORT',
      'TAKEOVER_SECONDS',
    ])
    expect(errors).toContain('PORT: must be a whole number from 0 to 65535, not "http"')
    expect(errors.join()).not.toContain('\n')
  })

  it.each(['1', '9', '6000', '10080'])('refuse port %s, which no browser and no fetch connects to', (PORT) => {
    expect(errorsOf({ PORT })).toEqual([
      `PORT: ${PORT} is a port that browsers and fetch refuse to connect to; take another, e.g. 8080`,
    ])
  })

  it('take the key from a file instead, and not from both', () => {
    const file = { REDIS_URL: 'redis://localhost', ENCRYPTION_KEY_FILE: '/run/secrets/key' }
    expect(loaded(file)).toMatchObject({ encryptionKey: undefined, encryptionKeyFile: '/run/secrets/key' })
    expect(errorsOf({ ...file, ENCRYPTION_KEY: randomBytes(32).toString('base64') })).toEqual([
      'ENCRYPTION_KEY_FILE: stands beside ENCRYPTION_KEY; give one of them',
    ])
  })

  it('refuse REDIS_URL without a key, together with whatever else is wrong', () => {
    const errors = errorsOf({ REDIS_URL: 'redis://localhost', PORT: '99999' })
    expect(errors).toHaveLength(2)
    expect(errors.join('\n')).toMatch(/ENCRYPTION_KEY: is required with REDIS_URL/)
  })

  it('of what goes out are checked together', () => {
    const errors = errorsOf({
      OAUTH_TOKEN_URL: 'https://id.example/token',
      OAUTH_CLIENT_ID: 'o2ims',
      CALLBACK_ALLOW_ADDRESSES: '10.0.0.0/8, lab',
    })
    expect(errors).toEqual([
      'CALLBACK_ALLOW_ADDRESSES: "lab" is neither an address nor a range like 10.0.0.0/8 or fd00::/8',
    ])
    expect(errorsOf({ OAUTH_TOKEN_URL: 'https://id.example/token', OAUTH_CLIENT_ID: 'o2ims' })).toEqual([
      'OAUTH_TOKEN_URL: says nothing without OAUTH_CLIENT_SECRET',
    ])
    expect(loaded({ CALLBACK_ALLOW_ADDRESSES: '::1, 127.0.0.0/8' }).callbackAllowAddresses).toEqual([
      { address: '::1', prefix: 128, family: 'ipv6' },
      { address: '127.0.0.0', prefix: 8, family: 'ipv4' },
    ])
  })

  it('of traces go by the names of OpenTelemetry, and refuse what is not done here', () => {
    expect(loaded({})).toMatchObject({ tracesUrl: undefined, tracesFile: undefined, tracesShare: 1 })
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }
    expect(loaded(endpoint).tracesUrl).toBe('http://collector:4318/v1/traces')
    expect(loaded({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }).tracesUrl).toBeUndefined()
    expect(loaded({ ...endpoint, OTEL_TRACES_SAMPLER_ARG: '0.25' }).tracesShare).toBe(0.25)
    const errors = errorsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_TRACES_SAMPLER: 'always_on',
      OTEL_TRACES_SAMPLER_ARG: '2',
    })
    expect(errors).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT: must be an http:// or https:// URL',
      'OTEL_EXPORTER_OTLP_PROTOCOL: only http/json is spoken here; leave it out',
      'OTEL_TRACES_EXPORTER: must be otlp or none',
      'OTEL_TRACES_SAMPLER: traces are sampled by parentbased_traceidratio here; leave it out',
      'OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1',
    ])
  })

  it('of the own cluster hold inside of a pod, where Kubernetes says what its address is', () => {
    const pod = { IN_CLUSTER_OCLOUD: 'home', KUBERNETES_SERVICE_HOST: '10.96.0.1' }
    const directory = '/var/run/secrets/kubernetes.io/serviceaccount'
    expect(loaded(pod).inCluster).toEqual({ name: 'home', directory, server: 'https://10.96.0.1:443' })
    const other = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
    expect(loaded({ ...pod, ...other }).inCluster).toMatchObject({ server: 'https://[fd00::1]:6443' })
    expect(loaded({ KUBERNETES_SERVICE_HOST: '10.96.0.1' }).inCluster).toBeUndefined()
    expect(errorsOf({ IN_CLUSTER_OCLOUD: 'home' })).toEqual([
      'IN_CLUSTER_OCLOUD: there is no KUBERNETES_SERVICE_HOST, so this process runs in no pod; leave it out and register the cluster with a kubeconfig',
    ])
    expect(errorsOf({ ...pod, IN_CLUSTER_OCLOUD: 'not a name' })[0]).toMatch(/^IN_CLUSTER_OCLOUD: must be 1 to 63/)
  })

  it('show no secret in an error', () => {
    const errors = errorsOf({
      REDIS_URL: 'http://:geheim@host',
      ENCRYPTION_KEY: 'geheim',
      OAUTH_TOKEN_URL: 'https://:geheim@host',
    })
    expect(errors).toHaveLength(3)
    expect(errors.join('\n')).not.toContain('geheim')
  })
})

describe('the settings table', () => {
  it('has a row with a default and a sentence for every setting', () => {
    const rows = settingsTable().split('\n').slice(2)
    expect(rows).toContain('| `PORT` | `8080` | Port of the API; 0 takes a free one. |')
    expect(rows.length).toBeGreaterThanOrEqual(20)
    for (const row of rows) expect(row).toMatch(/^\| `[A-Z_]+` \| \S.* \| [A-Z].*\. \|$/)
    expect(rows.join()).not.toMatch(/undefined|\/home|\/root/)
  })
})
