// `helm test`: the API and a worker answer, Redis is between them, and the cluster is an O-Cloud. Makes nothing: the request is a dry run, which a worker plans.
const { API, WORKER, OCLOUD } = process.env
const deadline = Date.now() + 60_000

async function ask(url, body) {
  const sent = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await fetch(url, { ...sent, signal: AbortSignal.timeout(40_000) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function until(what, work) {
  for (;;) {
    try {
      process.stdout.write(`${what}: ${await work()}\n`)
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }
}

const ready = (url) => async () => (await ask(`${url}/readyz`)).status

await until('API', ready(API))
await until('worker', ready(WORKER))
if (OCLOUD) {
  await until(`O-Cloud ${OCLOUD}`, async () => {
    const own = (await ask(`${API}/o2ims/v1/ocloud?filter=(eq,name,${OCLOUD})`))[0]
    if (!own?.status.reachable) throw new Error(`O-Cloud ${OCLOUD}: ${own?.status.message ?? 'is not registered'}`)
    return `${own.status.version}, ${own.status.nodes ?? 'unknown'} nodes`
  })
}
const simulated = (await ask(`${API}/o2ims/v1/ocloud?filter=(eq,name,sim-edge-1)`))[0]
if (simulated) {
  await until('a dry run', async () => {
    const plan = await ask(`${API}/o2ims/v1/provisioningRequests?dryRun=true`, {
      provisioningRequestId: 'helm-test',
      name: 'helm test',
      description: 'a dry run',
      templateName: 'kpt-workload',
      templateVersion: '1.1.0',
      templateParameters: { oCloud: 'sim-edge-1' },
    })
    return `${plan.steps.length} steps`
  })
}
