import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { CHART, helm, rendered } from '../harness/helm.ts'
import { needs } from '../harness/needs.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8')

/** Every part that is off by default. */
const ALL = [
  ...['autoscaling.api.enabled', 'autoscaling.worker.enabled', 'ingress.enabled', 'rbac.clusterWide', 'keepData'],
  ...['metrics.serviceMonitor.enabled', 'metrics.rules.enabled', 'metrics.dashboard.enabled'],
].flatMap((value) => ['--set', `${value}=true`])
const HOSTS = ['--set', 'ingress.hosts={o2.example.com},ingress.tlsSecret=o2-tls,ingress.className=nginx']
const EXTERNAL = 'redis.enabled=false,externalRedis.existingSecret=redis'

const given = (values: object) =>
  Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`])

// biome-ignore lint/suspicious/noExplicitAny: the tests assert on the shape themselves
type Found = any

describe('the chart', needs('helm'), () => {
  const objectOf = async (kind: string, name: string, ...args: string[]): Promise<Found> =>
    (await rendered(...args)).find((object) => object.kind === kind && object.metadata.name === name)
  const environmentOf = async (...args: string[]): Promise<Map<string, Found>> => {
    const { spec } = await objectOf('Deployment', 'o2-o2ims-api', ...args)
    return new Map(spec.template.spec.containers[0].env.map((one: Found) => [one.name, one]))
  }

  test('is clean for helm lint, with everything on too', async () => {
    await expect(helm('lint', '--strict', CHART)).resolves.toMatch(/0 chart\(s\) failed/)
    await expect(helm('lint', '--strict', CHART, ...ALL, ...HOSTS)).resolves.toMatch(/0 chart\(s\) failed/)
  })

  test('has the version of the service', () => {
    const { version } = JSON.parse(read('package.json'))
    expect(parse(read('charts', 'o2ims', 'Chart.yaml'))).toMatchObject({ version, appVersion: version })
  })

  test.each([
    ['api.replicas=0', /\/api\/replicas.*minimum/],
    ['api.replica=2', /\/api.*'replica' not allowed/],
    ['rbac.namespace=ran', /\/rbac.*'namespace' not allowed/],
    ['rbac.namespaces={Ran_Workloads}', /\/rbac\/namespaces\/0.*does not match pattern/],
    ['image.pullPolicy=Sometimes', /\/image\/pullPolicy/],
    [
      'config.REDIS_URL=redis://x',
      /config: the chart sets REDIS_URL itself: use the value externalRedis.existingSecret/,
    ],
    ['config.KUBERNETES_SERVICE_HOST=x', /config: the chart sets KUBERNETES_SERVICE_HOST itself: leave it out/],
    ['config.SERVICE_ACCOUNT_DIR=/x', /config: the chart sets SERVICE_ACCOUNT_DIR itself/],
    ['config.ENCRYPTION_KEY=x', /use the value encryptionKey.existingSecret/],
    ['config.OAUTH_CLIENT_SECRET=x', /OAUTH_CLIENT_SECRET is secret.*extraEnv, .*secretKeyRef/],
    ['config.KPT_CATALOG_CREDENTIAL=x', /KPT_CATALOG_CREDENTIAL is secret.*extraEnv/],
    ['config.LOG_LEVLE=debug', /\/config.*'LOG_LEVLE' not allowed/],
    ['config.LOG_LEVEL=loud', /\/config\/LOG_LEVEL.*'debug'/],
    ['config.LOAD_SAMPLES=yes', /\/config\/LOAD_SAMPLES/],
    [
      'extraEnv[0].name=PUBLIC_URL,extraEnv[0].value=x',
      /extraEnv: the chart sets PUBLIC_URL itself: use the value publicUrl/,
    ],
    ['extraEnv[0].name=A,extraEnv[1].name=A', /extraEnv names A twice/],
    ['autoscaling.api.minReplicas=6', /autoscaling.api: minReplicas 6 is more than maxReplicas 5/],
    ['autoscaling.worker.maxReplicas=1', /autoscaling.worker: minReplicas 2 is more than maxReplicas 1/],
    ['worker.resources.limits.memory=512m', /\/worker\/resources\/limits\/memory.*does not match pattern/],
    ['api.resources.requests.memory=1..5Gi', /\/api\/resources\/requests\/memory.*does not match pattern/],
    ['api.resources.requests.memory=512', /\/api\/resources\/requests\/memory.*minimum/],
    ['redis.maxMemoryMb=768', /redis.maxMemoryMb 768 does not fit into redis.resources.limits.memory 768Mi/],
    ['redis.resources.limits.memory=0.25Gi', /redis.maxMemoryMb 384 does not fit .* 0.25Gi/],
    ['api.podLabels.app\\.kubernetes\\.io/component=x', /\/api\/podLabels\/app.kubernetes.io~1component/],
    ['externalRedis.tls.caSecret=ca', /\/externalRedis\/tls\/caSecret/],
    ['externalRedis.sentinelMaster=o2', /\/externalRedis\/sentinelMaster/],
    [`${EXTERNAL},externalRedis.sentinelMaster=o2`, /\/externalRedis\/sentinelMaster/],
    [`${EXTERNAL},externalRedis.url=redis://x`, /\/externalRedis\/url/],
    ['redis.enabled=false', /\/externalRedis\/url.*\n.*\/externalRedis\/existingSecret/],
    ['externalRedis.url=redis://x', /\/externalRedis\/url/],
    ['redis.enabled=false,externalRedis.url=http://x', /\/externalRedis\/url.*does not match pattern/],
    [`${EXTERNAL},externalRedis.sentinels={a:26379}`, /\/externalRedis\/sentinelMaster/],
    [`${EXTERNAL},externalRedis.clusterNodes={a}`, /\/externalRedis\/clusterNodes\/0.*does not match pattern/],
    ['ingress.enabled=true', /\/ingress\/hosts.*minItems/],
    ['inCluster.name=-home', /\/inCluster\/name.*does not match pattern/],
    ['autoscaling.worker.type=cpu', /\/autoscaling\/worker\/type/],
    ['publicUrl=o2.example.com', /\/publicUrl.*does not match pattern/],
  ])('is refused with %s', async (values, why) => {
    await expect(helm('template', CHART, '--set', values)).rejects.toThrow(why)
  })

  test('takes secret settings from a Secret, labels of your own, and amounts in every notation', async () => {
    const values = {
      extraEnv: [{ name: 'OAUTH_CLIENT_SECRET', valueFrom: { secretKeyRef: { name: 'smo', key: 'client' } } }],
      api: {
        podLabels: { team: 'ran' },
        resources: { requests: { cpu: 0.5, memory: 536870912 }, limits: { cpu: '1500m', memory: '1.5Gi' } },
      },
      redis: { resources: { limits: { memory: '0.4G' } }, maxMemoryMb: 380 },
    }
    const { spec } = await objectOf('Deployment', 'o2-o2ims-api', ...given(values))
    expect(spec.template.metadata.labels).toMatchObject({ team: 'ran', 'app.kubernetes.io/component': 'api' })
    const [{ env, resources }] = spec.template.spec.containers
    expect(resources).toEqual(values.api.resources)
    expect(env).toEqual(expect.arrayContaining(values.extraEnv))
    await expect(rendered(...given({ ...values, redis: { ...values.redis, maxMemoryMb: 382 } }))).rejects.toThrow(
      /maxMemoryMb 382 does not fit .* 0.4G/,
    )
  })

  test('runs every container as nobody, on a read-only root, with bounds, as the restricted profile wants it', async () => {
    const objects: Found[] = await rendered()
    const pods = objects.flatMap(({ kind, spec }) =>
      kind === 'Pod' ? [spec] : spec?.template ? [spec.template.spec] : [],
    )
    expect(pods).toHaveLength(4)
    for (const { securityContext, containers, initContainers } of pods) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(securityContext.runAsUser).toBeGreaterThan(0)
      expect(initContainers).toBeUndefined()
      for (const container of containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(container.resources.limits.memory).toMatch(/Mi$|Gi$/)
      }
    }
  })

  test('gives the API fewer rights than the worker, and the worker none over workloads until a namespace is named', async () => {
    const bound = (objects: Found[]) =>
      objects.flatMap(({ kind, metadata, roleRef, subjects }) =>
        roleRef ? [`${kind} ${metadata.namespace ?? ''} ${roleRef.name} ${subjects[0].name}`] : [],
      )
    const always = [
      'ClusterRoleBinding  o2-o2-o2ims-status o2-o2ims-api',
      'ClusterRoleBinding  o2-o2-o2ims-worker o2-o2ims-worker',
    ]
    expect(bound(await rendered())).toEqual(always)
    const named = bound(await rendered('--set', 'rbac.namespaces={ran}'))
    expect(named).toEqual([...always, 'RoleBinding ran o2-o2-o2ims-workloads o2-o2ims-worker'])
    const everywhere = bound(await rendered('--set', 'rbac.clusterWide=true'))
    expect(everywhere).toEqual([...always, 'ClusterRoleBinding  o2-o2-o2ims-workloads o2-o2ims-worker'])
    expect(await objectOf('ClusterRole', 'o2-o2-o2ims-status')).toMatchObject({
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
    })
    expect(bound(await rendered('--set', 'inCluster.enabled=false'))).toEqual([])
  })

  test('lets in whom it is told to, those who scrape to the API as well, and everybody until then', async () => {
    const sources = async (name: string, values = {}) =>
      (await objectOf('NetworkPolicy', name, ...given({ networkPolicy: values }))).spec.ingress[0].from?.slice(1)
    const [api, worker] = ['o2-o2ims-api', 'o2-o2ims-worker']
    const from = (name: string) => ({ namespaceSelector: { matchLabels: { name } } })
    const both = { apiFrom: [from('smo')], metricsFrom: [from('monitoring')] }
    expect(await sources(api, both)).toEqual([from('smo'), from('monitoring')])
    expect(await sources(worker, both)).toEqual([from('monitoring')])
    expect(await sources(api, { metricsFrom: both.metricsFrom })).toBeUndefined()
    expect(await sources(worker)).toBeUndefined()
  })

  test('has the alert rules and the dashboard of the sources, and keeps them when it is packaged', async () => {
    const rule = await objectOf('PrometheusRule', 'o2-o2ims', ...ALL, ...HOSTS)
    expect(rule.spec).toEqual(parse(read('observability', 'alerts.yaml')))
    const dashboard = await objectOf('ConfigMap', 'o2-o2ims-dashboard', ...ALL, ...HOSTS)
    expect(dashboard.data['o2ims.json']).toBe(read('observability', 'dashboard.json'))
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-chart-'))
    try {
      await helm('package', CHART, '--destination', folder)
      for (const file of ['alerts.yaml', 'dashboard.json']) {
        const archive = join(folder, `o2ims-${JSON.parse(read('package.json')).version}.tgz`)
        const packed = execFileSync('tar', ['-xOf', archive, `o2ims/files/${file}`], { encoding: 'utf8' })
        expect(packed).toBe(read('observability', file))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('has API and workers scraped under the names that the rules and the dashboard know', async () => {
    const { spec } = await objectOf('ServiceMonitor', 'o2-o2ims', ...ALL, ...HOSTS)
    const jobs = spec.endpoints.map(({ port, relabelings }: Found) => [port, relabelings[0].replacement])
    expect(jobs).toEqual([
      ['http', 'o2ims-api'],
      ['metrics', 'o2ims-worker'],
    ])
    for (const [, job] of jobs) expect(read('observability', 'prometheus.yaml')).toContain(`job_name: ${job}\n`)
  })

  test('scales the worker by its queue: by an external metric, or by KEDA', async () => {
    const scaled = ['--set', 'autoscaling.worker.enabled=true,autoscaling.worker.requestsPerWorker=200']
    const autoscaler = await objectOf('HorizontalPodAutoscaler', 'o2-o2ims-worker', ...scaled)
    expect(autoscaler.spec.metrics).toEqual([
      {
        type: 'External',
        external: { metric: { name: 'o2ims_unfinished_jobs' }, target: { type: 'AverageValue', averageValue: '200' } },
      },
    ])
    expect((await objectOf('Deployment', 'o2-o2ims-worker', ...scaled)).spec).not.toHaveProperty('replicas')
    const keda = [...scaled, '--set', 'autoscaling.worker.type=keda']
    const { triggers } = (await objectOf('ScaledObject', 'o2-o2ims-worker', ...keda)).spec
    expect(triggers).toMatchObject([{ type: 'prometheus', metadata: { threshold: '200' } }])
    expect(triggers[0].metadata.query).toContain('o2ims_queue_jobs{queue="provisioning"')
    expect(await objectOf('HorizontalPodAutoscaler', 'o2-o2ims-worker', ...keda)).toBeUndefined()
  })

  test('takes another Redis, its sentinels and its authority', async () => {
    const more = 'externalRedis.sentinelMaster=o2,externalRedis.sentinelPasswordKey=watch,externalRedis.tls.caSecret=ca'
    const values = `${EXTERNAL},externalRedis.sentinels={a:26379,b:26379},${more}`
    const env = await environmentOf('--set', values)
    const secret = (key: string) => ({ valueFrom: { secretKeyRef: { name: 'redis', key } } })
    expect(env.get('REDIS_URL')).toMatchObject(secret('redis-url'))
    expect(env.get('REDIS_SENTINELS').value).toBe('a:26379,b:26379')
    expect(env.get('REDIS_SENTINEL_MASTER').value).toBe('o2')
    expect(env.get('REDIS_SENTINEL_PASSWORD')).toMatchObject(secret('watch'))
    expect(env.get('REDIS_TLS_CA_FILE').value).toBe('/redis-ca/ca.crt')
    expect(await objectOf('StatefulSet', 'o2-o2ims-redis', '--set', values)).toBeUndefined()
    const nodes = await environmentOf('--set', `${EXTERNAL},externalRedis.clusterNodes={a:6379,b:6379}`)
    expect(nodes.get('REDIS_CLUSTER_NODES').value).toBe('a:6379,b:6379')
    const url = 'rediss://user:pw@redis.example.com:6380/1'
    const own = await objectOf('Secret', 'o2-o2ims', '--set', `redis.enabled=false,externalRedis.url=${url}`)
    expect(Buffer.from(own.data['redis-url'], 'base64').toString()).toBe(url)
    expect(own.data).not.toHaveProperty('redis-password')
  })

  test('makes a key and a URL that the service accepts, or takes the key of a Secret', async () => {
    const { data } = await objectOf('Secret', 'o2-o2ims')
    const plain = (key: string) => Buffer.from(data[key], 'base64').toString()
    const loaded = loadConfig({ REDIS_URL: plain('redis-url'), ENCRYPTION_KEY: plain('encryption-key') })
    expect(loaded).toMatchObject({ ok: true })
    const given = ['--set', 'encryptionKey.existingSecret=keys,encryptionKey.key=o2']
    expect((await objectOf('Secret', 'o2-o2ims', ...given)).data).not.toHaveProperty('encryption-key')
    const env = await environmentOf(...given)
    expect(env.get('ENCRYPTION_KEY')).toMatchObject({ valueFrom: { secretKeyRef: { name: 'keys', key: 'o2' } } })
  })

  test('leaves nothing behind unless it is told to', async () => {
    const kept = ['--set', 'keepData=true']
    const retention = async (...args: string[]) =>
      (await objectOf('StatefulSet', 'o2-o2ims-redis', ...args)).spec.persistentVolumeClaimRetentionPolicy.whenDeleted
    expect([await retention(), await retention(...kept)]).toEqual(['Delete', 'Retain'])
    const policies = (objects: Found[]) =>
      objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy']).map(({ kind }) => kind)
    expect([policies(await rendered()), policies(await rendered(...kept))]).toEqual([
      [],
      ['Secret', 'CustomResourceDefinition'],
    ])
  })

  test('starts pods anew when a setting changes, and only then', async () => {
    const sum = async (...args: string[]) =>
      (await objectOf('Deployment', 'o2-o2ims-worker', ...args)).spec.template.metadata.annotations['checksum/settings']
    const before = await sum()
    expect(await sum()).toBe(before)
    expect(await sum('--set', 'config.LOG_LEVEL=debug')).not.toBe(before)
    expect(await sum('--set', 'worker.replicas=5')).toBe(before)
  })

  test('hands settings on as they are written', async () => {
    const settings = {
      BODY_LIMIT: 4_000_000,
      OTEL_TRACES_SAMPLER_ARG: 0.25,
      LOAD_SAMPLES: false,
      O_CLOUD_NAME: 'a "b"',
    }
    const { data } = await objectOf('ConfigMap', 'o2-o2ims', '--set-json', `config=${JSON.stringify(settings)}`)
    expect(data).toEqual(Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])))
    expect(loadConfig(data)).toMatchObject({ ok: true, config: { bodyLimitBytes: 4_000_000, loadSamples: false } })
  })

  test('answers under the names of its Service, of its Ingress and of its pod', async () => {
    const env = await environmentOf('--set', 'ingress.enabled=true', ...HOSTS)
    expect(env.get('PUBLIC_URL').value).toBe('https://o2.example.com')
    const hosts = env.get('ALLOWED_HOSTS').value.split(',')
    expect(hosts).toEqual(expect.arrayContaining(['o2-o2ims-api.o2.svc', 'o2.example.com', '$(POD_IP)', 'localhost']))
    expect([...env.keys()].indexOf('POD_IP')).toBeLessThan([...env.keys()].indexOf('ALLOWED_HOSTS'))
  })
})
