import type { SeedSettings } from './settings.ts'

/** The seed's names. */
const REQUEST = 'edge-5g-deployment'
const EDGE = 'edge-ocloud'
const SMO = 'focom-smo'

/** What the seed's flow is called for this SMO cluster: the same each time, so that a second run finds the first. Two SMOs do not meet. */
export function seedNames({ smoCluster }: Pick<SeedSettings, 'smoCluster'>) {
  const own = smoCluster === SMO ? '' : `-${smoCluster}`
  return {
    provisioningRequestId: `${REQUEST}${own}`,
    /** O-Cloud of the SMO's cluster, made or registered. */
    smo: smoCluster,
    /** O-Cloud that EDGE_KUBECONFIG is registered as. */
    edge: `${EDGE}${own}`,
    /** The cluster that kind makes where there is no EDGE_KUBECONFIG. */
    edgeCluster: smoCluster === SMO ? 'focom-edge' : `${smoCluster}-edge`,
  }
}

/** The names under which O-Clouds are registered that the request uses. */
export interface SeedTargets {
  /** Only with --skip-kind. */
  smo?: string
  /** Absent: kind makes the edge. */
  edge?: string
}

/** The request of the seed's flow. Equal settings give an equal one (F27). Pure. */
export function seedRequest(settings: SeedSettings, { smo, edge }: SeedTargets): Record<string, unknown> {
  const names = seedNames(settings)
  const { edgeAddress, focomPackage, focomNamespace, o2imsNamespace } = settings
  const common = {
    focomNamespace,
    o2imsNamespace,
    operator: settings.skipFocom || settings.focomElsewhere ? 'external' : 'package',
    ...(settings.skipFocom && { focomDefinitions: 'external' }),
    ...(edgeAddress !== undefined && { edgeAddress }),
    ...(focomPackage !== undefined && { focomPackage }),
  }
  const places = settings.skipKind
    ? { smo, edge }
    : {
        clusterName: names.smo,
        ...(edge === undefined ? { edgeClusterName: names.edgeCluster } : { edge }),
      }
  return {
    provisioningRequestId: names.provisioningRequestId,
    name: 'edge 5G deployment',
    description: `DU and CU on the edge, through FoCoM on ${names.smo}`,
    templateName: settings.skipKind ? 'edge-5g' : 'edge-5g-kind',
    templateVersion: '1.0.0',
    templateParameters: { ...places, ...common },
    options: {
      timeoutSeconds: settings.timeoutSeconds,
      cleanupOnFailure: settings.cleanupOnFailure,
      ...(!settings.skipKind && { deleteClusterOnFailure: settings.deleteClusterOnFailure }),
    },
  }
}
