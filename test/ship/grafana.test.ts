import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8')
const readYaml = (path: string) => parse(read(path), { logLevel: 'error' })
const dashboard = JSON.parse(read('observability/dashboard.json'))
const { services } = parse(read('docker-compose.yml'), { merge: true, logLevel: 'error' })

test('the data source that is provisioned is the one that every panel asks', () => {
  const { datasources } = readYaml('observability/grafana/datasources/prometheus.yaml')
  expect(datasources).toEqual([
    expect.objectContaining({ type: 'prometheus', isDefault: true, url: '$PROMETHEUS_URL' }),
  ])
  expect(services.grafana.environment.PROMETHEUS_URL).toBe('http://prometheus:9090')
  // The variable offers all data sources of the type, and the default one first.
  const [variable] = dashboard.templating.list
  expect(variable).toMatchObject({ name: 'datasource', type: 'datasource', query: datasources[0].type })
  for (const { title, datasource, targets } of dashboard.panels) {
    expect(datasource, title).toEqual({ type: 'prometheus', uid: `\${${variable.name}}` })
    expect(targets.length, title).toBeGreaterThan(0)
  }
})

test('panels have ids of their own, and places where no other one is', () => {
  const ids = dashboard.panels.map(({ id }: { id: number }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const taken = new Set<string>()
  for (const { title, gridPos } of dashboard.panels) {
    // Grafana's grid has 24 columns.
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.has(`${x} ${y}`), `${title} lies upon another panel`).toBe(false)
        taken.add(`${x} ${y}`)
      }
  }
})

test('what Compose gives to Grafana is there: what is provisioned, and the dashboard, which nobody can change', () => {
  const { volumes, environment } = services.grafana
  expect(volumes).toEqual(['./observability:/observability:ro'])
  expect(environment.GF_PATHS_PROVISIONING).toBe('/observability/grafana')
  expect(read(`.${environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH}`)).toBe(read('observability/dashboard.json'))
  const { providers } = readYaml('observability/grafana/dashboards/o2ims.yaml')
  expect(providers).toEqual([
    expect.objectContaining({ type: 'file', allowUiUpdates: false, options: { path: '/observability' } }),
  ])
  expect(environment).toMatchObject({
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true',
  })
})

test.each(['prometheus', 'grafana'])(
  '%s comes with its profile only, confined as all others are, on loopback',
  (name) => {
    const { profiles, image, ports, user, ...rest } = services[name]
    expect(profiles).toEqual(['observability'])
    expect(image).toMatch(/^[a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/)
    expect(user).toMatch(/^[1-9]/)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
    expect(rest).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      deploy: {
        resources: { limits: { cpus: expect.any(String), memory: expect.any(String), pids: expect.any(Number) } },
      },
    })
  },
)
