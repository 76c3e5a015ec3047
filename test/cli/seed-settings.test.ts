import { describe, expect, test } from 'vitest'
import { seedNames, seedRequest } from '../../src/cli/seed/request.ts'
import { SEED_VARIABLES, type SeedOptions, seedSettings } from '../../src/cli/seed/settings.ts'

/** The request that options and environment make; the edge is registered where it has to be. */
function request(options: SeedOptions = {}, env: Record<string, string> = {}) {
  const settings = seedSettings(options, env)
  const { smo, edge } = seedNames(settings)
  const targets = settings.skipKind ? { smo, edge } : settings.edgeKubeconfig === undefined ? {} : { edge }
  return seedRequest(settings, targets)
}
const parameters = (options: SeedOptions, env: Record<string, string> = {}) =>
  request(options, env).templateParameters as Record<string, unknown>
const optionsIn = (options: SeedOptions, env: Record<string, string> = {}) =>
  request(options, env).options as Record<string, unknown>

describe("the request of the seed's flow", () => {
  test('by default: names and defaults of the seed, both clusters made by kind', () => {
    expect(request()).toEqual({
      provisioningRequestId: 'edge-5g-deployment',
      name: 'edge 5G deployment',
      description: 'DU and CU on the edge, through FoCoM on focom-smo',
      templateName: 'edge-5g-kind',
      templateVersion: '1.0.0',
      templateParameters: {
        clusterName: 'focom-smo',
        edgeClusterName: 'focom-edge',
        focomNamespace: 'focom-system',
        o2imsNamespace: 'o2ims',
        operator: 'package',
      },
      options: { timeoutSeconds: 600, cleanupOnFailure: true, deleteClusterOnFailure: true },
    })
  })

  test('F27: equal settings make an equal request, whatever else is in the environment', () => {
    expect(request({}, { HOME: '/home/a' })).toEqual(request({}, { HOME: '/home/b', SMO_CLUSTER_NAME: '' }))
  })

  test('SMO_CLUSTER_NAME and --smo-cluster name the cluster; two SMOs do not meet; the option goes first', () => {
    const lab = request({}, { SMO_CLUSTER_NAME: 'lab' })
    expect(lab).toMatchObject({
      provisioningRequestId: 'edge-5g-deployment-lab',
      templateParameters: { clusterName: 'lab', edgeClusterName: 'lab-edge' },
    })
    expect(request({ smoCluster: 'lab' }, { SMO_CLUSTER_NAME: 'other' })).toEqual(lab)
  })

  test('F18: VM2_IP and --edge-ip are the address at which FoCoM reaches the edge', () => {
    expect(parameters({}, { VM2_IP: '172.16.4.45' }).edgeAddress).toBe('172.16.4.45')
    expect(parameters({ edgeIp: '10.0.0.100' }, { VM2_IP: '172.16.4.45' }).edgeAddress).toBe('10.0.0.100')
    expect(parameters({ edgeIp: 'https://[2001:db8::1]:6443' }).edgeAddress).toBe('https://[2001:db8::1]:6443')
  })

  test('F17: --skip-kind takes registered clusters, and makes none', () => {
    expect(request({ skipKind: true })).toMatchObject({
      templateName: 'edge-5g',
      templateParameters: { smo: 'focom-smo', edge: 'edge-ocloud' },
    })
    expect(optionsIn({ skipKind: true })).not.toHaveProperty('deleteClusterOnFailure')
  })

  test('EDGE_KUBECONFIG: the edge is registered, not made', () => {
    expect(parameters({}, { EDGE_KUBECONFIG: '/tmp/edge' })).toMatchObject({
      clusterName: 'focom-smo',
      edge: 'edge-ocloud',
    })
    expect(parameters({}, { EDGE_KUBECONFIG: '/tmp/edge' })).not.toHaveProperty('edgeClusterName')
  })

  test('--skip-focom applies nothing of FoCoM; where it is played only its operator is left out', () => {
    expect(parameters({ skipFocom: true })).toMatchObject({ operator: 'external', focomDefinitions: 'external' })
    expect(parameters({ focomElsewhere: true }).operator).toBe('external')
    expect(parameters({ focomElsewhere: true })).not.toHaveProperty('focomDefinitions')
  })

  test('O2IMS_NAMESPACE and FOCOM_NAMESPACE are the namespaces', () => {
    expect(parameters({}, { O2IMS_NAMESPACE: 'a', FOCOM_NAMESPACE: 'b' })).toMatchObject({
      o2imsNamespace: 'a',
      focomNamespace: 'b',
    })
  })

  test('TIMEOUT and --timeout, CLEANUP_ON_FAILURE and --cleanup, and F23: DELETE_CLUSTER_ON_FAILURE', () => {
    const env = { TIMEOUT: '900', CLEANUP_ON_FAILURE: 'false', DELETE_CLUSTER_ON_FAILURE: 'false' }
    expect(optionsIn({}, env)).toEqual({ timeoutSeconds: 900, cleanupOnFailure: false, deleteClusterOnFailure: false })
    expect(optionsIn({ timeout: 30, cleanup: true }, env)).toMatchObject({ timeoutSeconds: 30, cleanupOnFailure: true })
    expect(optionsIn({ cleanup: false })).toMatchObject({ cleanupOnFailure: false })
  })

  test("F22: KPT_CATALOG_URL, KPT_CATALOG_REF and FOCOM_PACKAGE_PATH choose FoCoM's package", () => {
    expect(parameters({}, { FOCOM_PACKAGE_PATH: 'mine/focom' }).focomPackage).toBe('mine/focom')
    const KPT_CATALOG_URL = 'https://github.com/nephio-project/catalog.git'
    expect(parameters({}, { KPT_CATALOG_URL }).focomPackage).toEqual({
      repository: KPT_CATALOG_URL,
      ref: 'HEAD',
      directory: 'focom-operator',
    })
    const FOCOM_PACKAGE_PATH = 'nephio/optional/focom-operator'
    expect(parameters({}, { KPT_CATALOG_URL, KPT_CATALOG_REF: 'v2.0.0', FOCOM_PACKAGE_PATH }).focomPackage).toEqual({
      repository: KPT_CATALOG_URL,
      ref: 'v2.0.0',
      directory: FOCOM_PACKAGE_PATH,
    })
  })

  test.each([
    [{ TIMEOUT: 'soon' }, 'TIMEOUT must be a whole number of seconds from 1 to 86400, not "soon"'],
    [{ TIMEOUT: '0' }, 'TIMEOUT must be'],
    [{ TIMEOUT: '1e3' }, 'TIMEOUT must be'],
    [{ CLEANUP_ON_FAILURE: 'yes' }, 'CLEANUP_ON_FAILURE must be true or false, not "yes"'],
    [{ DELETE_CLUSTER_ON_FAILURE: '1' }, 'DELETE_CLUSTER_ON_FAILURE must be true or false, not "1"'],
    [{ SMO_CLUSTER_NAME: 'Focom SMO' }, 'SMO_CLUSTER_NAME must be a name'],
    [{ O2IMS_NAMESPACE: '../x' }, 'O2IMS_NAMESPACE must be a name'],
    [{ FOCOM_NAMESPACE: '-x' }, 'FOCOM_NAMESPACE must be a name'],
    [{ VM2_IP: 'http://x' }, 'VM2_IP must be an address or a host'],
    [{ VM2_IP: '999.1.1.1' }, 'VM2_IP must be an address or a host'],
    [{ VM2_IP: '10.0.0.1:70000' }, 'VM2_IP must be an address or a host'],
    [{ KPT_CATALOG_URL: 'ext::sh' }, 'KPT_CATALOG_URL must be an http or https URL'],
    [{ KPT_CATALOG_REF: 'v2.0.0' }, 'KPT_CATALOG_REF says nothing without KPT_CATALOG_URL'],
  ])('F14: %j is refused by name', (env, message) => {
    expect(() => seedSettings({}, env)).toThrow(message)
  })

  test('all bad values are told at once, an option by its own name', () => {
    const told = () => seedSettings({ smoCluster: 'A', edgeIp: ' ' }, { TIMEOUT: '-1' })
    expect(told).toThrow(/--smo-cluster must be[\s\S]*--edge-ip must be|--edge-ip must be[\s\S]*--smo-cluster must be/)
    expect(told).toThrow('TIMEOUT must be')
  })

  test('every variable that the seed has is known', () => {
    expect(Object.keys(SEED_VARIABLES).sort()).toEqual(
      [
        'SMO_CLUSTER_NAME',
        'SMO_KUBECONFIG',
        'EDGE_KUBECONFIG',
        'O2IMS_NAMESPACE',
        'FOCOM_NAMESPACE',
        'VM2_IP',
        'TIMEOUT',
        'CLEANUP_ON_FAILURE',
        'DELETE_CLUSTER_ON_FAILURE',
        'KPT_CATALOG_URL',
        'KPT_CATALOG_REF',
        'FOCOM_PACKAGE_PATH',
      ].sort(),
    )
  })
})
