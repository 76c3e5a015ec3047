/**
 * Where the fields of the seed's sample files are said here; the longest prefix counts. docs/seed-fields.md has the whole story.
 * "taken" is never said: a field that stands here is refused in a custom resource, because upstream's schema does not have it.
 */
const INSTEAD: Record<string, Record<string, string>> = {
  OCloud: {
    '/spec/name': 'the name of "o2ims ocloud add NAME"',
    '/spec/description': '"description" of the O-Cloud (o2ims ocloud add)',
    '/spec/location': '"location" of the O-Cloud, with a name and a GeoJSON point (o2ims ocloud add -f)',
    '/spec/kubeconfig': 'upstream names the Secret in spec.o2imsSecret.secretRef, and its key is always "kubeconfig"',
    '/spec/secretRef': 'upstream has it below spec.o2imsSecret',
    '/spec/endpoint': 'the address stands in the kubeconfig of the Secret (o2ims provision --edge-ip)',
    '/spec/endpoints': '"endpoints" of the O-Cloud (o2ims ocloud add -f)',
    '/spec/capacity': 'read from the cluster itself (o2ims ocloud show)',
    '/spec/metadata/labels': '"labels" of the O-Cloud (o2ims ocloud add --label)',
    '/spec/metadata/annotations': 'version and network are read from the cluster; nothing else would act on it',
    '/spec/security/tls': 'TLS is always verified, with the CA of the kubeconfig',
    '/spec/security/authentication': 'by the kubeconfig, always',
    '/spec/monitoring': 'nothing here would act on it',
    '/spec/compliance': '"compliance" of the O-Cloud (o2ims ocloud add -f)',
  },
  TemplateInfo: {
    '/spec/name': 'upstream calls it templateName',
    '/spec/version': 'upstream calls it templateVersion',
    '/spec/template': 'upstream calls it templateName',
    '/spec/description': '"description" of a template (o2ims template add)',
    '/spec/type': 'the steps of a template say what it does',
    '/spec/provider': 'the steps of a template say what it does',
    '/spec/parameters': 'upstream has them as a JSON schema in templateParameterSchema; a template as parameterSchema',
    '/spec/workloadType': 'the steps of a template say what it does',
    '/spec/targetCluster': '"targetSelector" of a template',
    '/spec/packageSource': 'the inputs of the step kpt-package, or the parameters of a template that has it',
    '/spec/deploymentStrategy': 'stands in the Deployments of the package',
    '/spec/resourceQuota': '"quota" of a template',
    '/spec/serviceMesh': 'nothing here would act on it',
    '/spec/observability': 'nothing here would act on it',
  },
  FocomProvisioningRequest: {
    '/spec/ocloudRef': 'upstream calls it oCloudId and oCloudNamespace',
    '/spec/templateRef': 'upstream calls it templateName and templateVersion',
    '/spec/parameters': 'upstream calls it templateParameters',
  },
  ProvisioningRequest: {
    '/spec/priority': '"options.priority" of a request',
    '/spec/schedulingPolicy': 'a request starts at once, or in its "options.maintenanceWindow"',
    '/spec/template/name': 'upstream calls it templateName',
    '/spec/template/version': 'upstream calls it templateVersion',
    '/spec/template/namespace': 'templates have no namespace',
    '/spec/cluster': 'a parameter of the template: templateParameters.oCloud, or edge in edge-5g',
    '/spec/parameters': 'upstream calls it templateParameters',
    '/spec/workload': 'the package of the template: templateParameters.package, and what stands in it',
    '/spec/deployment/strategy': 'stands in the Deployments of the package',
    '/spec/deployment/timeout': '"options.timeoutSeconds" of a request',
    '/spec/deployment/retries': '"options.retries" of a request',
    '/spec/deployment/rollbackOnFailure': '"options.rollbackOnFailure" of a request',
    '/spec/resources': 'values of the package (templateParameters.values), bounded by the "quota" of a template',
    '/spec/network': 'stands in the package; no step makes interfaces',
    '/spec/security/podSecurityPolicy': 'Kubernetes has it no more since 1.25',
    '/spec/security/networkPolicy': '"networkPolicy" of a template',
    '/spec/monitoring': 'nothing here would act on it',
    '/spec/sla': 'nothing here would act on it',
    '/spec/hooks': '"hooks" of a template',
    '/spec/approval': '"options.approval" of a request',
    '/spec/maintenanceWindow': '"options.maintenanceWindow" of a request',
  },
}

/** What says here what that field says; undefined for a field that nobody knows. Pure. */
export function insteadOf(kind: string, pointer: string): string | undefined {
  const places = INSTEAD[kind] ?? {}
  const [longest] = Object.keys(places)
    .filter((place) => pointer === place || pointer.startsWith(`${place}/`))
    .sort((a, b) => b.length - a.length)
  return longest === undefined ? undefined : places[longest]
}
