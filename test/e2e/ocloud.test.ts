import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTimeOf } from '../../src/process-identity.ts'
import { freePorts } from '../harness/children.ts'
import { needs } from '../harness/needs.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SMO = 'o2ims-e2e-ocloud'
const EDGE = `${SMO}-edge`

describe('make ocloud and make clean on true kind clusters', needs('redis', 'kind', 'kpt', 'kubectl'), () => {
  let folder: string
  let env: NodeJS.ProcessEnv
  const file = (name: string) => join(folder, name)

  function make(target: string, ...args: string[]) {
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile('make', [target, ...args], { cwd: ROOT, env, timeout: 170_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
    })
  }
  const containers = () =>
    execFileSync('docker', ['ps', '--all', '--format', '{{.Names}}'], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => name.startsWith(SMO))
  const running = () => readFileSync(file('data/ocloud/started.json'), 'utf8')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'o2ims-e2e-'))
    const [port = 0] = await freePorts(1)
    env = {
      ...process.env,
      PATH: `${ROOT}/node_modules/.bin${delimiter}${process.env.PATH}`,
      HOME: folder,
      DATA_DIR: file('data'),
      PORT: String(port),
      SMO_CLUSTER_NAME: SMO,
      SMO_KUBECONFIG: file('smo.kubeconfig'),
    }
  })
  afterAll(async () => {
    await make('clean')
    for (const name of [SMO, EDGE])
      execFileSync('kind', ['delete', 'cluster', '--quiet', '--name', name], {
        env: { ...env, KUBECONFIG: file('none') },
      })
    await rm(folder, { recursive: true, force: true })
  })

  test('two clusters, FoCoM, DU and CU on the edge, a report; a second run changes nothing', async () => {
    const report = `ARGS=--report ${file('OCloud.md')}`
    const { code, stdout } = await make('ocloud', report)
    expect({ code, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stdout: '' })
    expect(stdout).toContain('FULFILLED')
    expect(stdout).toMatch(/FoCoM is (the true one|PLAYED)/)
    expect(stdout).toContain('The o2ims-operator of the edge is PLAYED')
    expect(containers().toSorted()).toEqual([`${SMO}-control-plane`, `${EDGE}-control-plane`].toSorted())

    const markdown = readFileSync(file('OCloud.md'), 'utf8')
    expect(markdown).toMatch(/^# edge 5G deployment: FULFILLED/)
    for (const name of ['du', 'cu'])
      expect(markdown).toMatch(new RegExp(`Deployment \\| ran-workloads \\| ${name} \\| 1 of 1 ready`))
    expect(markdown).toMatch(/## Operators of this demo\n\n- FoCoM is /)
    expect(readFileSync(file('OCloud.html'), 'utf8')).toContain('Operators of this demo')

    const crds = execFileSync('kubectl', ['--kubeconfig', file('smo.kubeconfig'), 'get', 'crds', '-o', 'name'], {
      encoding: 'utf8',
    })
    expect(crds).toContain('focomprovisioningrequests.focom.nephio.org')
    expect((await make('status')).stdout).toMatch(/ran-workloads\/du +Deployment +Ready +1 of 1 ready/)
    expect((await make('logs')).stdout).toMatch(/INFO {2}smo kind: /)

    const before = running()
    const again = await make('ocloud', report)
    expect(again.code).toBe(0)
    expect(again.stdout).toContain('stood already (FULFILLED)')
    expect(running()).toBe(before)
  })

  test('make clean leaves no container, file, process or context behind', async () => {
    const started = JSON.parse(running())
    const pids: number[] = [started.service.pid, started.requests[`edge-5g-deployment-${SMO}`].player.pid]
    const { code, stdout, stderr } = await make('clean')
    expect({ code, told: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, told: '' })
    expect(containers()).toEqual([])
    for (const name of ['data', 'OCloud.md', 'OCloud.html', 'smo.kubeconfig', '.kube'])
      expect(existsSync(file(name))).toBe(false)
    expect(pids.map(startTimeOf)).toEqual([undefined, undefined])
  })
})
