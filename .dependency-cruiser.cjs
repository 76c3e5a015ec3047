/**
 * The import rules of the house: main → slices → shared. A slice uses another slice's functions, never its routes.
 * TypeScript 7 has no compiler API yet, so the sources are parsed with swc. It sees imports and exports of types too; `tsPreCompilationDeps` would ask for tsc.
 */
const SLICES = 'provisioning|clusters|packages|diagnostics|inventory|monitoring|performance|subscriptions|registration'
const SHARED = 'http|query|store|queue|tools|outgoing|telemetry'
/** The words that tools and drivers speak to each other in: types, and what follows from them alone. */
const PORT_TYPES = '^src/clusters/(cluster|lifecycle|spec-nodes)\\.ts$'
const ROUTES = 'routes?\\.ts$'

/** @param {string} name the package @returns a pattern for the files of one npm package */
const npm = (name) => `(^|/)node_modules/${name}/`

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Files that import each other cannot be read alone',
      from: {},
      to: { circular: true },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'shared-knows-no-slice',
      severity: 'error',
      comment: 'What all slices share knows nothing of them but the types of the ports',
      from: { path: `^src/(${SHARED})/` },
      to: { path: `^src/(${SLICES})/`, pathNot: PORT_TYPES },
    },
    {
      name: 'routes-stay-home',
      severity: 'error',
      comment: 'A slice uses the service functions of another, never its routes',
      from: { path: `^src/(${SLICES})/` },
      to: { path: `^src/(${SLICES})/.*${ROUTES}`, pathNot: '^src/$1/' },
    },
    {
      name: 'only-main-starts',
      severity: 'error',
      comment: 'main.ts puts the parts together; only the command "serve" imports it',
      from: { path: '^src/', pathNot: '^src/(main|cli/commands/serve)\\.ts$' },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'cli-is-a-client',
      severity: 'error',
      comment:
        'The command line knows the service by its API; serve and demo start it as a process, validate asks its rules, play-operators plays what is no part of it',
      from: { path: '^src/cli/', pathNot: '^src/cli/commands/(serve|validate|play-operators)\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(cli/|(process-identity|plain-yaml)\\.ts$)' },
    },
    {
      name: 'validate-asks-rules-alone',
      severity: 'error',
      comment: 'What is checked without a service is checked by src/validation',
      from: { path: '^src/cli/commands/validate\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(cli|validation)/' },
    },
    {
      name: 'validation-is-offline',
      severity: 'error',
      comment: 'The rules of the slices without what makes them act: it writes nothing and calls nobody',
      from: { path: '^src/validation/' },
      to: { path: `^src/(store|queue|tools|cli)/|${ROUTES}|^src/(app|worker|worker-app|service|parts|main)\\.ts$` },
    },
    {
      name: 'only-the-cli-validates',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(validation|cli)/' },
      to: { path: '^src/validation/' },
    },
    {
      name: 'nobody-imports-the-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'fastify-in-http-and-routes',
      severity: 'error',
      comment: 'Only http/, the routes of a slice, and app.ts and worker-app.ts, which put them together, know Fastify',
      from: { path: '^src/', pathNot: `^src/(http/|(worker-)?app\\.ts$)|${ROUTES}` },
      to: { path: npm('(@fastify|fastify)') },
    },
    {
      name: 'kubernetes-client-in-clusters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/clusters/' },
      to: { path: npm('@kubernetes/client-node') },
    },
    {
      name: 'ioredis-in-store',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: npm('ioredis') },
    },
    {
      name: 'bullmq-in-queue',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/queue/' },
      to: { path: npm('bullmq') },
    },
    {
      name: 'prom-client-in-telemetry',
      severity: 'error',
      comment: 'What is counted has a name there, and labels of few values',
      from: { path: '^src/', pathNot: '^src/telemetry/' },
      to: { path: npm('prom-client') },
    },
    {
      name: 'opentelemetry-api-in-spans',
      severity: 'error',
      comment: 'What becomes an attribute passes through one file',
      from: { path: '^src/', pathNot: '^src/telemetry/(spans|sdk)\\.ts$' },
      to: { path: npm('@opentelemetry/api') },
    },
    {
      name: 'opentelemetry-sdk-on-demand',
      severity: 'error',
      comment: 'It is loaded only where something is traced',
      from: { path: '^src/', pathNot: '^src/telemetry/(sdk|span-file)\\.ts$' },
      to: {
        path: `${npm('@opentelemetry/(?!api)[^/]+')}|^src/telemetry/(sdk|span-file)\\.ts$`,
        dependencyTypesNot: ['dynamic-import'],
      },
    },
    {
      name: 'steps-know-no-storage',
      severity: 'error',
      comment: 'A step gets ports and facts, and never touches Redis, BullMQ or HTTP',
      from: { path: '^src/provisioning/steps/' },
      to: { path: '^src/(store|queue|http)/' },
    },
    {
      name: 'operators-know-the-port-only',
      severity: 'error',
      comment: 'The operators that we play run on a real API server as well',
      from: { path: '^src/operators/' },
      to: { path: '^src/(store|queue|http|tools|provisioning|packages)/' },
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      comment: 'The product imports only what package.json declares under dependencies',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
}
