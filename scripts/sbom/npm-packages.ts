import { z } from 'zod'

/** A component of CycloneDX. */
export interface Component {
  type: 'library' | 'application' | 'container'
  name: string
  version: string
  'bom-ref': string
  purl?: string
  licenses?: { expression: string }[]
  hashes?: { alg: string; content: string }[]
}

const names = z.record(z.string(), z.string()).default({})
const entry = z.object({
  version: z.string().default(''),
  license: z.string().optional(),
  integrity: z.string().optional(),
  /** Of use to development only. What is `devOptional` is optional to the service as well, and installed. */
  dev: z.boolean().optional(),
  os: z.array(z.string()).default(['linux']),
  cpu: z.array(z.string()).default([process.arch]),
  libc: z.array(z.string()).default(['glibc']),
  dependencies: names,
  optionalDependencies: names,
  peerDependencies: names,
})
const lockfile = z.object({ packages: z.record(z.string(), entry) })

type Entry = z.infer<typeof entry>

/**
 * The packages of a package-lock.json that `npm ci --omit=dev` installs in an image of this processor, and Dockerfile leaves there. `npm sbom` is of no use for it:
 * what is needed both at run time and for development it leaves out.
 */
export function npmPackages(text: string) {
  const { packages } = lockfile.parse(JSON.parse(text))
  const installed = new Map(Object.entries(packages).filter(([path, one]) => path !== '' && isInstalled(path, one)))
  const refOf = (path: string): string => purlOf(nameOf(path), installed.get(path)?.version ?? '')
  const root = packages[''] ?? entry.parse({})

  /** As Node looks a package up: beside, then further and further out. */
  function resolved(from: string, name: string): string[] {
    for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/'))) {
      const path = `${folder}${folder === '' || folder.endsWith('/') ? '' : '/'}node_modules/${name}`
      if (installed.has(path)) return [refOf(path)]
      if (folder === '') return []
      folder = folder.replace(/\/$/, '')
    }
  }
  const dependsOn = (from: string, { dependencies, optionalDependencies, peerDependencies }: Entry): string[] => {
    const wanted = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    return [...new Set(wanted.flatMap((name) => resolved(from, name)))].sort()
  }

  const byRef = new Map<string, { component: Component; dependsOn: string[] }>()
  for (const [path, one] of installed)
    byRef.set(refOf(path), { component: componentOf(path, one), dependsOn: dependsOn(path, one) })
  return {
    root: { version: root.version, license: root.license ?? 'NOASSERTION', dependsOn: dependsOn('', root) },
    components: [...byRef.values()].map(({ component }) => component),
    dependencies: [...byRef].map(([ref, { dependsOn }]) => ({ ref, dependsOn })),
  }
}

function isInstalled(path: string, { dev, os, cpu, libc }: Entry): boolean {
  if (dev || !os.includes('linux') || !cpu.includes(process.arch) || !libc.includes('glibc')) return false
  // Dockerfile removes these: they are for another engine than Node.
  return !nameOf(path).startsWith('bare-')
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`

function componentOf(path: string, { version, license, integrity = '' }: Entry): Component {
  const name = nameOf(path)
  const purl = purlOf(name, version)
  const [, digest] = /^sha512-(.+)$/.exec(integrity) ?? []
  return {
    type: 'library',
    name,
    version,
    'bom-ref': purl,
    purl,
    ...(license && { licenses: [{ expression: license }] }),
    ...(digest && { hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }] }),
  }
}
