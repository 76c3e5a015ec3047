import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { BAD_PORTS } from './bad-ports.ts'
import { IN_CLUSTER_SETTINGS, inClusterFaults, inClusterSettings } from './clusters/in-cluster/settings.ts'
import {
  addressRanges,
  file,
  flag,
  hostPorts,
  list,
  optionalWhole,
  rootUrl,
  serverUrl,
  whole,
} from './config-values.ts'
import { outgoingFaults } from './outgoing/settings.ts'
import { catalogueFaults } from './packages/catalogue.ts'
import { parseKey } from './store/encryption-key.ts'
import { redisFaults } from './store/settings.ts'
import { TELEMETRY_SETTINGS, tracesUrl } from './telemetry/settings.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const SAMPLE_PACKAGES = join(import.meta.dirname, '..', 'samples', 'packages')
const KEY_RULE = 'must be 32 bytes in base64: make one with `openssl rand -base64 32`'

/** Every setting, as it stands in the environment. `shown` is what the table says where the default is no constant. */
const SETTINGS = z.object({
  PORT: whole(0, 65_535, 8080)
    .refine((port) => !BAD_PORTS.has(port), {
      error: ({ input }) => `${input} is a port that browsers and fetch refuse to connect to; take another, e.g. 8080`,
    })
    .describe('Port of the API; 0 takes a free one.'),
  HOST: z.string().default('127.0.0.1').describe('Address on which the API listens, and a worker on WORKER_PORT.'),
  WORKER_PORT: optionalWhole(1, 65_535).optional().meta({
    description: 'Port on which a worker without the API answers `/healthz`, `/readyz` and `/metrics`.',
    shown: 'none',
  }),
  ALLOWED_HOSTS: list().meta({
    description:
      'Host names, with commas and without ports, that the API answers under besides that of PUBLIC_URL: what keeps out a web page whose name was pointed at this address.',
    shown: 'on a loopback HOST its names, else any',
  }),
  PUBLIC_URL: rootUrl().meta({
    description:
      'Where others reach this API (the specification calls it apiRoot): the SMO is told so. The same for every replica.',
    shown: 'where it listens',
  }),
  LOG_LEVEL: z
    .enum(LEVELS, { error: ({ input }) => `must be one of ${LEVELS.join(', ')}, not "${input}"` })
    .default('info')
    .describe(`How much is logged: ${LEVELS.join(', ')}.`),
  DATA_DIR: z
    .string()
    .default('.data')
    .transform((path) => resolve(path))
    .meta({ description: 'Folder of the embedded Redis, of the encryption key and of working files.', shown: '.data' }),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    .optional()
    .meta({ description: 'External Redis or Valkey 6.2 or newer; needs an encryption key.', shown: 'embedded Redis' }),
  REDIS_TLS_CA_FILE: file().meta({
    description:
      'File with the authorities (PEM) that the certificate of a rediss:// Redis is trusted by, instead of the usual ones.',
    shown: "Node's own, and NODE_EXTRA_CA_CERTS",
  }),
  REDIS_SENTINELS: hostPorts().meta({
    description:
      'Sentinels, as `host:port` with commas, that know the master. Of REDIS_URL only user, password, database and TLS count then.',
    shown: 'none',
  }),
  REDIS_SENTINEL_MASTER: z.string().default('mymaster').describe('Name under which the Sentinels know the master.'),
  REDIS_SENTINEL_PASSWORD: z.string().optional().meta({ description: 'Password of the Sentinels.', shown: 'none' }),
  REDIS_CLUSTER_NODES: hostPorts().meta({
    description:
      'Some nodes of a Redis Cluster, as `host:port` with commas. Of REDIS_URL only user, password and TLS count then.',
    shown: 'none',
  }),
  ENCRYPTION_KEY: z
    .string()
    .transform((text, context) => {
      const key = parseKey(text)
      if (key === undefined) context.addIssue(KEY_RULE)
      return key ?? z.NEVER
    })
    .optional()
    .meta({
      description:
        'Key for stored secrets: 32 bytes in base64, the same for every replica. With REDIS_URL it is required, or ENCRYPTION_KEY_FILE.',
      shown: 'from ENCRYPTION_KEY_FILE',
    }),
  ENCRYPTION_KEY_FILE: z
    .string()
    .transform((path) => resolve(path))
    .optional()
    .meta({
      description: 'File that holds the key instead, e.g. a mounted secret; made once when it is missing.',
      shown: 'DATA_DIR/encryption.key',
    }),
  REDIS_TOLERATE_VOLATILE: flag(false).describe(
    'Warn instead of refusing to start when the external Redis may lose data (eviction, no append-only file).',
  ),
  WORKER_CONCURRENCY: whole(1, 100_000, 1000).describe('Provisioning requests that one worker runs at once.'),
  CHILD_PROCESSES: whole(1, 1024, Math.max(2, availableParallelism())).meta({
    description: 'Child processes (kind, kpt, git) that one worker runs at once.',
    shown: 'number of cores, at least 2',
  }),
  TAKEOVER_SECONDS: whole(2, 300, 10).describe(
    'Seconds until the work of a worker that died on another machine is taken over.',
  ),
  UNDO_TIMEOUT: whole(1, 86_400, 300).describe('Seconds that undoing a request may take.'),
  DRY_RUN_TIMEOUT: whole(1, 600, 30).describe('Seconds that the API waits for the plan of a dry run.'),
  PACKAGE_ROOT: z
    .string()
    .default(SAMPLE_PACKAGES)
    .transform((path) => resolve(path))
    .meta({ description: 'Folder below which kpt packages are found.', shown: 'samples/packages' }),
  KPT_CATALOG_URL: z.string().optional().meta({
    description:
      'Git repository of packages (https, http, ssh, file): a package given by name is looked up there first.',
    shown: 'none',
  }),
  KPT_CATALOG_REF: z.string().optional().meta({
    description: 'Tag, branch or commit of KPT_CATALOG_URL.',
    shown: 'its default branch',
  }),
  KPT_CATALOG_CREDENTIAL: z.string().optional().meta({
    description: 'Token, `username:password` or private SSH key for KPT_CATALOG_URL.',
    shown: 'none',
  }),
  FOCOM_PACKAGE_PATH: z.string().optional().meta({
    description: 'Path of the package that is called `focom-operator`, in KPT_CATALOG_URL or below PACKAGE_ROOT.',
    shown: '`focom-operator`',
  }),
  PACKAGE_CACHE_MB: whole(1, 1_000_000, 1024).describe(
    'Megabytes that cached clones of package repositories may take.',
  ),
  ...IN_CLUSTER_SETTINGS,
  KIND_NODE_IMAGE: z
    .string()
    .optional()
    .meta({ description: 'Node image for kind clusters that name none.', shown: "kind's own" }),
  DELETE_CLUSTER_ON_FAILURE: flag(true).describe(
    'Whether a failed request removes a cluster that it made, when its `options.deleteClusterOnFailure` does not say; false keeps it, and the status lists it under `left`.',
  ),
  LOAD_SAMPLES: flag(true).describe('Load the sample templates and simulated O-Clouds at the start.'),
  STRICT_VERSION: flag(false).describe(
    "Whether a request on the specification's paths must name its `Version`; it is refused without one then.",
  ),
  COMPATIBILITY_ROUTES: flag(false).describe(
    'Also answer on the paths that scripts written for other O2 IMS servers read (`docs/seed-fields.md` lists them).',
  ),
  LIST_PAGE_SIZE: whole(1, 500, 100).describe(
    'Entries on a page of a list; on `/o2ims/v1` a client may ask for fewer, or up to 100, with `limit`.',
  ),
  SMO_REGISTRATION_URL: serverUrl().meta({
    description:
      'Where the SMO wants to be told that this O-Cloud is available. Until it has accepted that, the canonical Inventory answers 503.',
    shown: 'none: the O-Cloud counts as registered',
  }),
  GLOBAL_CLOUD_ID: z.string().max(256).optional().meta({
    description: 'The id that the SMO gave this O-Cloud.',
    shown: 'its own oCloudId, made once',
  }),
  GLOBAL_LOCATION_IDS: list().meta({ description: 'Ids that the SMO gave the locations, with commas.', shown: 'none' }),
  GLOBAL_ASSET_IDS: list().meta({ description: 'Ids that the SMO gave the assets, with commas.', shown: 'none' }),
  O_CLOUD_NAME: z.string().max(256).default('o2ims').describe('Name of the O-Cloud that this service is to the SMO.'),
  O_CLOUD_DESCRIPTION: z.string().max(4096).default('An O-Cloud of Kubernetes clusters').describe('Its description.'),
  OUTGOING_TIMEOUT_SECONDS: whole(1, 300, 10).describe(
    'Seconds that a notification, its answer and a token for it may take together.',
  ),
  OUTGOING_CLIENT_CERT: file().meta({
    description: 'File with our certificate (PEM) for servers that ask for one when they are notified.',
    shown: 'none',
  }),
  OUTGOING_CLIENT_KEY: file().meta({ description: 'File with the key of OUTGOING_CLIENT_CERT (PEM).', shown: 'none' }),
  OUTGOING_CA: file().meta({
    description: 'File with the authorities (PEM) that notified servers are trusted by, instead of the usual ones.',
    shown: "Node's own, and NODE_EXTRA_CA_CERTS",
  }),
  OAUTH_TOKEN_URL: serverUrl().meta({
    description:
      'Where tokens for notifications come from (OAuth 2.0 client credentials). Every notified server sees them.',
    shown: 'none: no token is sent',
  }),
  OAUTH_CLIENT_ID: z.string().optional().meta({ description: 'Client id for OAUTH_TOKEN_URL.', shown: 'none' }),
  OAUTH_CLIENT_SECRET: z.string().optional().meta({ description: 'Client secret for OAUTH_TOKEN_URL.', shown: 'none' }),
  OAUTH_SCOPE: z.string().optional().meta({ description: 'Scope to ask OAUTH_TOKEN_URL for.', shown: 'none' }),
  CALLBACK_ALLOW_HTTP: flag(false).describe('Whether callbacks of subscriptions may be http:// URLs.'),
  CALLBACK_ALLOW_ADDRESSES: addressRanges().meta({
    description:
      'Addresses and ranges, with commas, that callbacks may lead to although they are not public: for a lab e.g. `127.0.0.0/8,::1,10.0.0.0/8`. An address where a cloud hands out credentials must be named by itself.',
    shown: 'none',
  }),
  CALLBACK_TEST: flag(false).describe(
    'Whether a subscription is refused unless a GET of its callback is answered with 204.',
  ),
  MAX_SUBSCRIPTIONS: whole(1, 10_000, 1000).describe('Subscriptions that there may be.'),
  NOTIFICATION_FIRST_RETRY_SECONDS: whole(1, 3600, 1).describe(
    'Seconds after which a notification that failed is tried again; doubled with each failure that follows.',
  ),
  NOTIFICATION_LONGEST_RETRY_SECONDS: whole(1, 86_400, 3600).describe(
    'The longest such pause, also when the subscriber asks for a longer one (`Retry-After`).',
  ),
  NOTIFICATION_RETRY_WINDOW_SECONDS: whole(1, 2_592_000, 86_400).describe(
    'Seconds for which a notification is tried before it becomes a dead letter.',
  ),
  BODY_LIMIT: whole(1024, 64 * 1024 * 1024, 1024 * 1024).describe('Largest request body, in bytes.'),
  SSE_HEARTBEAT_SECONDS: whole(1, 300, 15).describe('Seconds of quiet after which an event stream gets a comment.'),
  OCLOUD_STATUS_CACHE_SECONDS: whole(0, 3600, 5).describe('Seconds for which the status of an O-Cloud is kept.'),
  ...TELEMETRY_SETTINGS,
  SHUTDOWN_SECONDS: whole(1, 300, 5).describe('Seconds that a stop may take.'),
})

const CONFIG = SETTINGS.transform((env) => ({
  port: env.PORT,
  host: env.HOST,
  workerPort: env.WORKER_PORT,
  allowedHosts: env.ALLOWED_HOSTS.map((name) => name.toLowerCase()),
  publicUrl: env.PUBLIC_URL,
  logLevel: env.LOG_LEVEL,
  dataDir: env.DATA_DIR,
  redisUrl: env.REDIS_URL,
  redisTlsCa: env.REDIS_TLS_CA_FILE,
  redisSentinels: env.REDIS_SENTINELS,
  redisSentinelMaster: env.REDIS_SENTINEL_MASTER,
  redisSentinelPassword: env.REDIS_SENTINEL_PASSWORD,
  redisClusterNodes: env.REDIS_CLUSTER_NODES,
  encryptionKey: env.ENCRYPTION_KEY,
  encryptionKeyFile: env.ENCRYPTION_KEY_FILE,
  redisTolerateVolatile: env.REDIS_TOLERATE_VOLATILE,
  workerConcurrency: env.WORKER_CONCURRENCY,
  childProcesses: env.CHILD_PROCESSES,
  takeoverSeconds: env.TAKEOVER_SECONDS,
  undoTimeoutSeconds: env.UNDO_TIMEOUT,
  dryRunTimeoutSeconds: env.DRY_RUN_TIMEOUT,
  packageRoot: env.PACKAGE_ROOT,
  kptCatalogUrl: env.KPT_CATALOG_URL,
  kptCatalogRef: env.KPT_CATALOG_REF,
  kptCatalogCredential: env.KPT_CATALOG_CREDENTIAL,
  focomPackagePath: env.FOCOM_PACKAGE_PATH,
  packageCacheBytes: env.PACKAGE_CACHE_MB * 1024 * 1024,
  inCluster: inClusterSettings(env),
  kindNodeImage: env.KIND_NODE_IMAGE,
  deleteClusterOnFailure: env.DELETE_CLUSTER_ON_FAILURE,
  loadSamples: env.LOAD_SAMPLES,
  strictVersion: env.STRICT_VERSION,
  compatibilityRoutes: env.COMPATIBILITY_ROUTES,
  listPageSize: env.LIST_PAGE_SIZE,
  smoRegistrationUrl: env.SMO_REGISTRATION_URL,
  globalCloudId: env.GLOBAL_CLOUD_ID,
  globalLocationIds: env.GLOBAL_LOCATION_IDS,
  globalAssetIds: env.GLOBAL_ASSET_IDS,
  oCloudName: env.O_CLOUD_NAME,
  oCloudDescription: env.O_CLOUD_DESCRIPTION,
  outgoingTimeoutSeconds: env.OUTGOING_TIMEOUT_SECONDS,
  outgoingClientCert: env.OUTGOING_CLIENT_CERT,
  outgoingClientKey: env.OUTGOING_CLIENT_KEY,
  outgoingCa: env.OUTGOING_CA,
  oauthTokenUrl: env.OAUTH_TOKEN_URL,
  oauthClientId: env.OAUTH_CLIENT_ID,
  oauthClientSecret: env.OAUTH_CLIENT_SECRET,
  oauthScope: env.OAUTH_SCOPE,
  callbackAllowHttp: env.CALLBACK_ALLOW_HTTP,
  callbackAllowAddresses: env.CALLBACK_ALLOW_ADDRESSES,
  callbackTest: env.CALLBACK_TEST,
  maxSubscriptions: env.MAX_SUBSCRIPTIONS,
  notificationFirstRetrySeconds: env.NOTIFICATION_FIRST_RETRY_SECONDS,
  notificationLongestRetrySeconds: env.NOTIFICATION_LONGEST_RETRY_SECONDS,
  notificationRetryWindowSeconds: env.NOTIFICATION_RETRY_WINDOW_SECONDS,
  bodyLimitBytes: env.BODY_LIMIT,
  sseHeartbeatSeconds: env.SSE_HEARTBEAT_SECONDS,
  oCloudStatusCacheSeconds: env.OCLOUD_STATUS_CACHE_SECONDS,
  tracesUrl: tracesUrl(env),
  tracesShare: env.OTEL_TRACES_SAMPLER_ARG,
  tracesFile: env.TRACES_FILE,
  shutdownSeconds: env.SHUTDOWN_SECONDS,
}))

export type Config = z.output<typeof CONFIG>

export type LoadedConfig = { ok: true; config: Config } | { ok: false; errors: string[] }

/** Reads every setting; `errors` has one line for each bad value. An empty value counts as absent, an unknown name is ignored. */
export function loadConfig(env: Record<string, string | undefined>): LoadedConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = CONFIG.safeParse(given)
  const errors = parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
  const keys = [given.ENCRYPTION_KEY, given.ENCRYPTION_KEY_FILE].filter((value) => value !== undefined)
  if (given.REDIS_URL !== undefined && keys.length === 0) {
    errors.push(`ENCRYPTION_KEY: is required with REDIS_URL (or ENCRYPTION_KEY_FILE) and ${KEY_RULE}`)
  }
  if (keys.length > 1) errors.push('ENCRYPTION_KEY_FILE: stands beside ENCRYPTION_KEY; give one of them')
  errors.push(...inClusterFaults(given))
  if (parsed.success) {
    errors.push(...redisFaults(parsed.data), ...catalogueFaults(parsed.data), ...outgoingFaults(parsed.data))
  }
  return parsed.success && errors.length === 0 ? { ok: true, config: parsed.data } : { ok: false, errors }
}

/** The name of each setting, with the values that it takes where they are few. */
export function settingsChoices(): Map<string, string[]> {
  const { properties = {} } = z.toJSONSchema(SETTINGS, { io: 'input', unrepresentable: 'any' })
  return new Map(
    Object.entries(properties).map(([name, schema]) => {
      const { enum: several = [], const: one } = typeof schema === 'boolean' ? {} : schema
      const all = one === undefined ? several : [one]
      return [name, all.map(String)]
    }),
  )
}

/** The settings as a Markdown table, for the README. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS.shape).map(([name, schema]) => {
    const { description = '', shown } = schema.meta() ?? {}
    const fallback = typeof shown === 'string' ? shown : `\`${String(schema.safeParse(undefined).data)}\``
    return `| \`${name}\` | ${fallback} | ${description} |`
  })
  return ['| Setting | Default | What it does |', '|---|---|---|', ...rows].join('\n')
}
