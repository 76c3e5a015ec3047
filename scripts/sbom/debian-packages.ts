import { execa } from 'execa'
import type { Component } from './npm-packages.ts'

/** Debian keeps one file of all packages, distroless images one for each; both images have Node to read them with. */
const READ = `
const { existsSync, readdirSync, readFileSync } = require('node:fs')
const [all, each] = ['/var/lib/dpkg/status', '/var/lib/dpkg/status.d/']
const files = existsSync(each) ? readdirSync(each).filter((name) => !name.endsWith('.md5sums')).map((name) => each + name) : []
for (const file of [all, ...files]) if (existsSync(file)) console.log(readFileSync(file, 'utf8') + '\\n')`

/** The Debian packages in an image that was built here; rejects when it was not. */
export async function debianPackages(image: string): Promise<Component[]> {
  const options = ['run', '--rm', '--network', 'none', '--read-only', '--cap-drop', 'ALL', '--pull', 'never']
  const args = [...options, '--entrypoint', 'node', image, '--eval', READ]
  const { failed, stdout, stderr, originalMessage } = await execa('docker', args, { reject: false, timeout: 60_000 })
  if (failed) throw new Error(stderr.split('\n')[0] || originalMessage)
  return stdout.split(/\n\n+/).flatMap(packageOf)
}

function packageOf(stanza: string): Component[] {
  const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(stanza)?.[1]
  const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map(field)
  if (!name || !version || !architecture) return []
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`
  return [{ type: 'library', name, version, 'bom-ref': purl, purl }]
}
