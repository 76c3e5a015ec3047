import { expect, test } from 'vitest'
import { startTestApi, thingsRequest } from './harness/api.ts'
import { call, toTheEnd } from './harness/client.ts'
import { eventually } from './harness/eventually.ts'
import { needs } from './harness/needs.ts'

test('a run is underway until it has ended', needs('redis'), async () => {
  const api = await startTestApi()
  try {
    const gate = Promise.withResolvers<void>()
    api.world.duringApply = () => gate.promise
    expect(api.isUnderway()).toBe(false)
    await call(`${api.url}/o2ims/v1/provisioningRequests`, 'POST', thingsRequest('waits'))
    await eventually(() => expect(api.isUnderway()).toBe(true))
    gate.resolve()
    await toTheEnd(api.url, 'waits')
    await eventually(() => expect(api.isUnderway()).toBe(false))
  } finally {
    await api.close()
  }
})

test('an open event stream is underway, also where no worker is', needs('redis'), async () => {
  const api = await startTestApi({ worker: false })
  try {
    await call(`${api.url}/o2ims/v1/provisioningRequests`, 'POST', thingsRequest('followed'))
    expect(api.isUnderway()).toBe(false)
    const leave = new AbortController()
    await fetch(`${api.url}/o2ims/v1/provisioningRequests/followed/events`, { signal: leave.signal })
    expect(api.isUnderway()).toBe(true)
    leave.abort()
    await eventually(() => expect(api.isUnderway()).toBe(false))
  } finally {
    await api.close()
  }
})
