import { describe, expect, it } from 'vitest'
import { causesOf, explained } from '../../src/diagnostics/causes.ts'
import type { DiagnosedTarget } from '../../src/diagnostics/schema.ts'

const target = (more: Partial<DiagnosedTarget> = {}): DiagnosedTarget => ({
  oCloudId: 'o-1',
  name: 'edge',
  reachable: true,
  notCollected: [],
  ...more,
})
const pod = (more: object = {}) => ({
  namespace: 'ran',
  name: 'du-1-a',
  ours: true,
  phase: 'Pending',
  problem: 'image' as const,
  message: 'ImagePullBackOff: Back-off pulling image "du:1"',
  container: 'main',
  image: 'du:1',
  ...more,
})
const failure = { code: 'TIMEOUT', step: 'ready', cause: 'not done within 60 s' }
const sentences = (targets: DiagnosedTarget[], of = failure) => causesOf(targets, of).map(({ sentence }) => sentence)

describe('the causes of a failure', () => {
  it('put an O-Cloud that is away first, unless the step that failed acted elsewhere', () => {
    const away = target({ oCloudId: 'o-2', name: 'smo', reachable: false, message: 'connect ECONNREFUSED' })
    const troubled = target({ pods: [pod()] })
    expect(sentences([troubled, away])[0]).toBe('O-Cloud smo cannot be reached: connect ECONNREFUSED')
    expect(sentences([troubled, away], { ...failure, oCloudId: 'o-1' } as typeof failure)[0]).toMatch(/^image du:1/)
  })

  it('say the same trouble of many pods once, and count them', () => {
    const pods = [pod(), pod({ name: 'du-1-b' }), pod({ name: 'cu-1-a' }), pod({ image: 'cu:2', name: 'cu-2' })]
    expect(sentences([target({ pods })]).slice(0, 2)).toEqual([
      'image du:1 cannot be pulled for pod ran/du-1-a (and 2 more) on edge: ImagePullBackOff: Back-off pulling image "du:1"',
      'image cu:2 cannot be pulled for pod ran/cu-2 on edge: ImagePullBackOff: Back-off pulling image "du:1"',
    ])
  })

  it('put the trouble of the request’s own pods before that of others', () => {
    const pods = [
      pod({ ours: false, image: 'other:1' }),
      pod({ problem: 'crash', message: 'ended with exit code 2', log: 'a\nb\n' }),
    ]
    expect(sentences([target({ pods })])).toEqual([
      'container main of pod ran/du-1-a on edge ended with exit code 2; its last words: "b"',
      expect.stringMatching(/^image other:1/),
      'step ready: not done within 60 s',
    ])
  })

  it.each([
    [
      'The API server does not know focom.nephio.org/v1alpha1 OCloud: is its CRD installed?',
      'OCloud of focom.nephio.org/v1alpha1',
    ],
    [
      'error: no matches for kind "OCloud" in version "focom.nephio.org/v1alpha1"',
      'OCloud of focom.nephio.org/v1alpha1',
    ],
  ])('name a missing CRD that only the words of a tool tell: %s', (cause, named) => {
    expect(sentences([target()], { code: 'APPLY_FAILED', step: 'ocloud', cause })[0]).toBe(
      `the O-Cloud does not know ${named}: its CustomResourceDefinition (CRD) is missing`,
    )
  })

  it('name nodes, quota, mounts and operators', () => {
    const amounts = { cpu: '1', memory: '1Gi', pods: '1' }
    const at = '2026-01-01T00:00:00.000Z'
    const node = (name: string, ready: boolean) => ({
      name,
      ready,
      schedulable: true,
      conditions: [],
      allocatable: amounts,
      requested: amounts,
    })
    const found = sentences([
      target({
        nodes: [node('n1', false), node('n2', true)],
        workloads: [
          { object: 'ReplicaSet ran/du', failed: false, message: 'pods "du" is forbidden: exceeded quota: ran' },
        ],
        events: [
          {
            at,
            type: 'Warning',
            reason: 'FailedMount',
            object: 'Pod ran/du',
            ours: true,
            message: 'secret "x" not found',
            count: 3,
          },
        ],
        operatorLogs: [{ namespace: 'focom-system', pod: 'focom', phase: 'Pending', log: '' }],
      }),
    ])
    expect(found).toEqual([
      'ReplicaSet ran/du on edge is not ready: pods "du" is forbidden: exceeded quota: ran',
      'Pod ran/du on edge: FailedMount: secret "x" not found',
      '1 of 2 nodes on edge are not ready: n1',
      'the operator does not run on edge: pod focom-system/focom is Pending',
      'step ready: not done within 60 s',
    ])
  })

  it('name a hook that failed, once for the Job and its words', () => {
    const hook = {
      object: 'Job ran/smoke-1',
      hook: true as const,
      failed: true,
      message: 'BackoffLimitExceeded',
      log: 'a\nno smoke\n',
    }
    const causes = causesOf([target({ workloads: [hook] })], failure)
    expect(causes[0]?.sentence).toBe(
      'hook Job ran/smoke-1 on edge failed: BackoffLimitExceeded; its last words: "no smoke"',
    )
    const told = { code: 'PROVISIONING_FAILED', step: 'smoke', cause: 'Job ran/smoke-1 failed; it printed: a no smoke' }
    expect(explained(told, causes)).toBe(told.cause)
    // In whatever form its step has written down the words, or if it has none.
    const colourful = causesOf([target({ workloads: [{ ...hook, log: 'no \u001b[31m"smoke"\u001b[0m\n' }] })], failure)
    expect(colourful[0]?.sentence).toMatch(/last words: "no "smoke""$/)
    for (const words of ['its last words: "no smoke at all"', 'Job has reached the specified backoff limit']) {
      const failed = { ...told, cause: `Job ran/smoke-1 failed: ${words}` }
      expect(explained(failed, colourful)).toBe(failed.cause)
    }
  })

  it('add of a Job whose failure the step has told only its last words', () => {
    const job = { object: 'Job ran/load', failed: true, message: 'BackoffLimitExceeded', log: 'no disk\n' }
    const causes = causesOf([target({ workloads: [job] })], failure)
    const told = { code: 'PROVISIONING_FAILED', step: 'ready', cause: 'Job ran/load failed: BackoffLimitExceeded' }
    expect(explained(told, causes)).toBe(`${told.cause}; its last words: "no disk"`)
    expect(explained(failure, causes)).toMatch(/^not done within 60 s; Job ran\/load on edge failed: /)
  })

  it('say of a Job whose container could not start why not, where the step has not', () => {
    const pod = 'ended with exit code 128: StartError: exec: "/nope": no such file or directory'
    const job = { object: 'Job ran/load', failed: true, message: 'BackoffLimitExceeded', pod }
    const causes = causesOf([target({ workloads: [job] })], failure)
    expect(causes[0]?.sentence).toBe(`Job ran/load on edge failed: BackoffLimitExceeded; its pod ${pod}`)
    const told = { code: 'PROVISIONING_FAILED', step: 'ready', cause: 'Job ran/load failed: BackoffLimitExceeded' }
    expect(explained(told, causes)).toBe(`${told.cause}; its pod ${pod}`)
    const knows = { ...told, cause: `Job ran/load failed: BackoffLimitExceeded; container hook: ${pod}` }
    expect(explained(knows, causesOf([target({ workloads: [{ ...job, hook: true }] })], knows))).toBe(knows.cause)
  })

  it('do not repeat an event that the step has told', () => {
    const message = 'Error creating: pods "smoke-1-" is forbidden: exceeded quota: ran'
    const at = '2026-01-01T00:00:00.000Z'
    const event = {
      at,
      type: 'Warning',
      reason: 'FailedCreate',
      object: 'Job ran/smoke-1',
      ours: true,
      message,
      count: 1,
    }
    const told = {
      code: 'PROVISIONING_FAILED',
      step: 'smoke',
      cause: `Job ran/smoke-1 did not end; no pod: ${message}`,
    }
    expect(explained(told, causesOf([target({ events: [event] })], told))).toBe(told.cause)
  })

  it('are not what happened to the objects of others, or before', () => {
    const at = '2026-01-01T00:00:00.000Z'
    const theirs = { at, type: 'Warning', reason: 'FailedCreate', object: 'ReplicaSet ran/x-5d4f', ours: false }
    const crash = pod({ problem: 'crash', message: 'ended with exit code 2' })
    const events = [{ ...theirs, message: 'serviceaccount "nobody" not found', count: 9 }]
    expect(sentences([target({ events, pods: [crash] })])).toEqual([
      expect.stringMatching(/^container main of pod ran\/du-1-a on edge ended with exit code 2/),
      'step ready: not done within 60 s',
    ])
  })

  it('are none where all is well', () => {
    expect(causesOf([target()])).toEqual([])
  })
})

describe('the words of a failure', () => {
  it('get the true cause where they only tell that time is over', () => {
    const causes = causesOf([target({ pods: [pod()] })], failure)
    expect(explained(failure, causes)).toMatch(/^not done within 60 s; image du:1 cannot be pulled/)
    const knows = { ...failure, cause: `not done; ${pod().message}` }
    expect(explained(knows, causes)).toBe(knows.cause)
  })

  it('stay where the step knows the cause, or nothing likely was found', () => {
    const refused = { code: 'CONFLICT', step: 'objects', cause: 'Deployment du belongs to somebody else' }
    expect(explained(refused, causesOf([target({ pods: [pod()] })], refused))).toBe(refused.cause)
    expect(explained(failure, causesOf([target()], failure))).toBe(failure.cause)
    expect(explained(failure, [])).toBe(failure.cause)
  })
})
