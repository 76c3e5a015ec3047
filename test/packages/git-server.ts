import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A repository on disk, to be served. */
export interface TestRepository {
  folder: string
  /** Replaces the whole content; a text that starts with `-> ` is a link. Answers the commit. */
  commit(files: Record<string, string>, names?: { tag?: string; annotated?: boolean }): string
  git(...args: string[]): string
}

export interface GitServer {
  /** Root of the repositories on disk. */
  folder: string
  url(repository: string, credential?: string): string
  repository(name: string): TestRepository
  /** What was asked, e.g. `POST /a.git/git-upload-pack fetch`. */
  asked: string[]
  /** `user:password` that is asked for; nobody is asked when absent. */
  credential?: string
  /** `hang`: accepts and says nothing. `stall`: answers questions, and half of a pack. `dumb`: gives its files, as any web server does. */
  behaviour: 'sound' | 'hang' | 'stall' | 'broken' | 'dumb'
  /** Answers every question with that status. */
  refuseWith?: number
  redirectTo?: string
  /** Ends all connections and listens no more; `back` undoes it. */
  away(): Promise<void>
  back(): Promise<void>
  close(): Promise<void>
}

const IDENTITY = { GIT_AUTHOR_NAME: 't', GIT_AUTHOR_EMAIL: 't@t', GIT_COMMITTER_NAME: 't', GIT_COMMITTER_EMAIL: 't@t' }
const ENV = { ...process.env, ...IDENTITY, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }

export function makeRepository(folder: string): TestRepository {
  mkdirSync(folder, { recursive: true })
  const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { env: ENV, encoding: 'utf8' }).trim()
  git('init', '--quiet', '--initial-branch', 'main')
  // As a server of the outside would: any commit may be asked for by its name.
  git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  return {
    folder,
    git,
    commit(files, { tag, annotated } = {}) {
      git('rm', '-r', '-q', '--ignore-unmatch', '.')
      for (const [path, text] of Object.entries(files)) {
        const file = join(folder, path)
        mkdirSync(dirname(file), { recursive: true })
        if (text.startsWith('-> ')) symlinkSync(text.slice(3), file)
        else writeFileSync(file, text)
      }
      git('add', '--all', '--force')
      git('commit', '--quiet', '--allow-empty', '-m', 'change')
      if (tag !== undefined) git('tag', ...(annotated ? ['-a', '-m', tag] : []), tag)
      return git('rev-parse', 'HEAD')
    },
  }
}

/** `git http-backend` behind a loopback port, with what a bad day may bring. */
export async function startGitServer(): Promise<GitServer> {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-git-'))
  const http = createServer((request, response) => void answer(request, response))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { port } = address

  const server: GitServer = {
    folder,
    asked: [],
    behaviour: 'sound',
    url: (repository) => `http://127.0.0.1:${port}/${repository}/.git`,
    repository: (name) => makeRepository(join(folder, name)),
    async away() {
      const closed = once(http, 'close')
      http.close()
      http.closeAllConnections()
      await closed
    },
    async back() {
      http.listen(port, '127.0.0.1')
      await once(http, 'listening')
    },
    async close() {
      if (http.listening) await server.away()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return server

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const fetching = body.includes('command=fetch') || body.includes('want ')
    server.asked.push(`${request.method} ${pathname}${search}${fetching ? ' fetch' : ''}`)
    if (server.behaviour === 'hang') return
    if (server.behaviour === 'broken') return void response.writeHead(503).end('not now')
    if (server.refuseWith !== undefined) return void response.writeHead(server.refuseWith).end('no')
    if (server.behaviour === 'dumb') return void response.end(await readFile(join(folder, pathname)))
    if (server.redirectTo !== undefined)
      return void response.writeHead(302, { location: server.redirectTo + request.url }).end()
    const expected = server.credential && `Basic ${Buffer.from(server.credential).toString('base64')}`
    if (expected && request.headers.authorization !== expected)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="packages"' }).end('who are you')
    const output = await backend(request, pathname, search.slice(1), body)
    const end = output.indexOf('\r\n\r\n')
    const headers = output
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(': ', 2))
    const fields = headers.flatMap(([name = '', value = '']) => (name === 'Status' ? [] : [[name, value]]))
    const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200)
    const content = output.subarray(end + 4)
    response.writeHead(status, Object.fromEntries(fields))
    if (server.behaviour === 'stall' && fetching) return void response.write(content.subarray(0, content.length / 2))
    response.end(content)
  }

  async function backend(request: IncomingMessage, path: string, query: string, body: Buffer): Promise<Buffer> {
    const { headers, method = 'GET' } = request
    const env = {
      ...ENV,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    }
    const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stdin.on('error', () => undefined).end(body)
    await once(child, 'close')
    return Buffer.concat(chunks)
  }
}

/** An object for a package; `# kpt-set` marks the value. */
export const CONFIG_MAP = (name: string, lines: string[] = ['a: b']): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n${lines.map((line) => `  ${line}\n`).join('')}`

export const KPTFILE = (name: string, more = ''): string =>
  `apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: ${name}\n${more}`
