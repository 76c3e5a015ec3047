import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Finding } from './finding.ts'

const USUAL_PORT = 8080
const USUAL_HOST = '127.0.0.1'
const ANSWER_LIMIT_MS = 2_000

/** The port of the service, and what kind needs of the kernel. `inotifyDir` is where the kernel shows its limits. */
export async function lookAtMachine(env: NodeJS.ProcessEnv, inotifyDir = '/proc/sys/fs/inotify'): Promise<Finding[]> {
  return [await port(env), await inotify(inotifyDir)]
}

async function port(env: NodeJS.ProcessEnv): Promise<Finding> {
  const base = { subject: 'port', neededBy: 'the service' } as const
  const wanted = Number(env.PORT || USUAL_PORT)
  const host = env.HOST || USUAL_HOST
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535)
    return { ...base, state: 'warning', found: `PORT is ${env.PORT}, no port`, remedy: ['export PORT=8080'] }
  if (wanted === 0) return { ...base, state: 'ok', found: 'any free one (PORT is 0)', remedy: [] }
  const refusal = await listenOnce(wanted, host)
  if (refusal === undefined) return { ...base, state: 'ok', found: `${wanted} of ${host} is free`, remedy: [] }
  if (refusal === 'EADDRINUSE' && (await isOurs(wanted, host)))
    return { ...base, state: 'ok', found: `an o2ims service answers on ${wanted} of ${host}`, remedy: [] }
  const found =
    refusal === 'EADDRINUSE' ? `${wanted} of ${host} is taken by something else` : `${wanted} of ${host}: ${refusal}`
  return { ...base, state: 'warning', found, remedy: [`export PORT=${wanted === 18_080 ? 18_081 : 18_080}`] }
}

/** Undefined: it can be listened on. */
async function listenOnce(port: number, host: string): Promise<string | undefined> {
  const probe = createServer()
  try {
    probe.listen(port, host)
    await once(probe, 'listening')
    probe.close()
    await once(probe, 'close')
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

async function isOurs(port: number, host: string): Promise<boolean> {
  try {
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/o2ims/v1/templates`
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
    return answer.ok && Array.isArray(await answer.json())
  } catch {
    // Whatever it is, it speaks another language.
    return false
  }
}

/** What kind asks for (its known issues, "too many open files"): a second cluster does not come up with less. */
const LIMITS = { max_user_watches: 524_288, max_user_instances: 512 }

async function inotify(folder: string): Promise<Finding> {
  const base = { subject: 'inotify', neededBy: 'several kind clusters at once' } as const
  const values = await Promise.all(
    Object.entries(LIMITS).map(async ([name, least]) => ({
      name,
      least,
      value: await readNumber(`${folder}/${name}`),
    })),
  )
  if (values.some(({ value }) => value === undefined))
    return { ...base, state: 'ok', found: 'this system shows no limits', remedy: [] }
  const found = values.map(({ name, value }) => `${name} ${value}`).join(', ')
  const low = values.filter(({ value = 0, least }) => value < least)
  const commands = low.map(({ name, least }) => `sudo sysctl fs.inotify.${name}=${least}`)
  return { ...base, state: low.length > 0 ? 'warning' : 'ok', found, remedy: commands }
}

async function readNumber(file: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(file, 'utf8'), 10)
  } catch {
    // No Linux, or a sandbox that hides it.
    return undefined
  }
}
