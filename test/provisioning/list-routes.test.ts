import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

const FRONT = '/o2ims/v1/provisioningRequests'
const CANONICAL = '/O2ims_infrastructureProvisioning/v1/provisioningRequests'

/** Path and query of `Link: <…>; rel="next"`. */
function nextOf(headers: Headers): string | undefined {
  return /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
}

describe('the list of requests', needs('redis'), () => {
  let api: TestApi
  const ids = Array.from({ length: 105 }, (_, index) => `r${String(index).padStart(3, '0')}`)

  beforeAll(async () => {
    api = await startTestApi({ worker: false })
    for (const id of ids) await call(api.url + FRONT, 'POST', thingsRequest(id))
  })
  afterAll(() => api?.close())

  async function walk(path: string): Promise<{ pages: number[]; seen: string[] }> {
    const seen: string[] = []
    const pages: number[] = []
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body, headers } = await call(api.url + next)
      expect(status).toBe(200)
      pages.push(body.length)
      seen.push(
        ...body.map(
          (info: { provisioningRequestData: { provisioningRequestId: string } }) =>
            info.provisioningRequestData.provisioningRequestId,
        ),
      )
      next = nextOf(headers)
    }
    return { pages, seen }
  }

  test.each([FRONT, CANONICAL, CANONICAL.replace('O2ims_', 'o2ims-')])(
    'comes in pages of 100, in order, each once: %s',
    async (path) => {
      expect(await walk(path)).toEqual({ pages: [100, 5], seen: ids })
    },
  )

  test('stays on the path on which it was asked for', async () => {
    const alias = CANONICAL.replace('O2ims_', 'o2ims-')
    expect(nextOf((await call(api.url + alias)).headers)).toMatch(new RegExp(`^${alias}\\?nextpage_opaque_marker=`))
  })

  test('has smaller pages on the front door by limit', async () => {
    expect((await walk(`${FRONT}?limit=50`)).pages).toEqual([50, 50, 5])
    for (const limit of ['0', '101', '-1', '1.5', 'ten', '', '01', '1e1'])
      expect((await call(`${api.url}${FRONT}?limit=${limit}`)).body.errors?.[0].pointer, limit).toBe('/limit')
  })

  test('refuses a marker that was forged, changed, cut or made by another list', async () => {
    const next = nextOf((await call(`${api.url}${FRONT}?limit=1`)).headers) ?? ''
    const marker = new URLSearchParams(next.split('?')[1]).get('nextpage_opaque_marker') ?? ''
    const changed = Buffer.from(marker, 'base64url')
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    for (const forged of [changed.toString('base64url'), marker.slice(2), `${marker}AA`, 'MQ', '', 'a'.repeat(300)]) {
      const answer = await call(`${api.url}${FRONT}?nextpage_opaque_marker=${forged}`)
      expect([answer.status, answer.body.code, answer.body.errors[0].pointer], forged).toEqual([
        400,
        'INVALID_QUERY',
        '/nextpage_opaque_marker',
      ])
    }
    for (const other of ['/o2ims/v1/ocloud', '/o2ims/v1/templates', CANONICAL])
      expect((await call(`${api.url}${other}?nextpage_opaque_marker=${marker}`)).status, other).toBe(400)
    expect((await call(`${api.url}${FRONT}?nextpage_opaque_marker=${marker}`)).status).toBe(200)
  })

  test.each([FRONT, CANONICAL, CANONICAL.replace('O2ims_', 'o2ims-')])(
    'takes the same filters and selectors on %s',
    async (path) => {
      const filter =
        '(cont,provisioningRequestData/provisioningRequestId,r00,r01) ; (eq,status/provisioningPhase,PENDING)'
      const other = '(nin,provisioningRequestData/provisioningRequestId,r003,r004)'
      const query = new URLSearchParams([
        ['filter', filter],
        ['filter', other],
        ['exclude_fields', 'provisioningRequestData/templateParameters'],
      ])
      const seen = ids.slice(0, 20).filter((id) => id !== 'r003' && id !== 'r004')
      expect(await walk(`${path}?${query}`)).toEqual({ pages: [18], seen })
      const { body } = await call(`${api.url}${path}?${query}`)
      expect(body[0].provisioningRequestData).toMatchObject({ provisioningRequestId: 'r000', templateName: 'things' })
      expect(body[0].provisioningRequestData).not.toHaveProperty('templateParameters')
    },
  )

  test('has full pages of what matches, and a marker only for that', async () => {
    const filter = 'filter=(gte,provisioningRequestData/provisioningRequestId,r050)'
    expect((await walk(`${FRONT}?${filter}&limit=25`)).pages).toEqual([25, 25, 5])
    const next = nextOf((await call(`${api.url}${FRONT}?${filter}&limit=25`)).headers)
    expect((await call(api.url + next?.replace('r050', 'r051'))).body.errors[0].pointer).toBe('/nextpage_opaque_marker')
  })

  test('knows what each path answers: progress and options are of the front door alone', async () => {
    const filter = 'filter=(eq,progress/steps/state,PENDING);(eq,progress/steps/name,a)'
    expect((await call(`${api.url}${FRONT}?${filter}&limit=1`)).status).toBe(200)
    const { status, body } = await call(`${api.url}${CANONICAL}?${filter}`)
    expect([status, body.errors[0].message]).toEqual([
      400,
      "at character 5: expected one of provisioningRequestData, provisioningRequestReference, status, provisionedResourceSet: there is no attribute 'progress' here",
    ])
  })

  test('is filtered for O-Clouds by their status and for templates by their steps as well', async () => {
    const names = async (path: string) => (await call(api.url + path)).body.map(({ name }: { name: string }) => name)
    expect(await names('/o2ims/v1/ocloud?filter=(eq,status/reachable,true);(eq,simulated,true)')).toEqual(['sim-1'])
    expect(await names('/o2ims/v1/ocloud?filter=(eq,status/reachable,false)')).toEqual([])
    expect(await names('/o2ims/v1/templates?filter=(eq,steps/uses,thing)&fields=steps/with')).toEqual(['things'])
    expect(await names('/o2ims/v1/templates?filter=(eq,steps/uses,kind-cluster)')).toEqual([])
  })
})
