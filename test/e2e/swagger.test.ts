import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium as browserType, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toTheEnd } from '../harness/client.ts'
import { chromium, needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'

/** Where to keep pictures of what was seen; none by default. */
const SCREENSHOTS = process.env.SCREENSHOT_DIR

describe('Swagger UI in a browser', needs('redis', 'chromium'), () => {
  let server: TestServer
  let browser: BrowserContext
  let page: Page
  const profile = mkdtempSync(join(tmpdir(), 'o2ims-browser-'))
  const complaints: string[] = []

  beforeAll(async () => {
    server = await startServer()
    browser = await browserType.launchPersistentContext(profile, {
      executablePath: chromium() ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
      viewport: { width: 1280, height: 1400 },
    })
    page = await browser.newPage()
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
  })
  afterAll(async () => {
    await browser?.close()
    await server?.dispose()
    rmSync(profile, { recursive: true, force: true })
  })

  /** Opens an operation, presses Try it out and Execute with the example as it stands, and reads the answer. */
  async function execute(
    operation: string,
  ): Promise<{ status: string; body: string; section: ReturnType<Page['locator']> }> {
    const section = page.locator(`[id$="-${operation}"]`)
    await section.locator('.opblock-summary-control').first().click()
    await section.getByRole('button', { name: 'Try it out' }).click()
    await section.getByRole('button', { name: 'Execute' }).click()
    const answer = section.locator('.live-responses-table')
    await answer.waitFor()
    const status = await answer.locator('tbody .response-col_status').first().innerText()
    return { status: status.trim(), body: await answer.innerText(), section }
  }

  it('executes the example POST as it stands, to FULFILLED', async () => {
    await page.goto(`${server.url}/docs`)
    await page.locator('.opblock').first().waitFor()
    const { status, body, section } = await execute('createProvisioningRequest')
    expect(status.split('\n')[0]).toBe('201')
    await section.scrollIntoViewIfNeeded()
    if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, 'swagger-post.png') })
    const id = /"provisioningRequestId": "([^"]+)"/.exec(body)?.[1] ?? ''
    expect((await toTheEnd(server.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
    const { status: again, body: state, section: reading } = await execute('getProvisioningRequest')
    expect(again.split('\n')[0]).toBe('200')
    expect(state).toContain('FULFILLED')
    await reading.scrollIntoViewIfNeeded()
    if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, 'swagger-get.png') })
  })

  it('loads everything from the service itself and complains about nothing', () => {
    expect(complaints).toEqual([])
  })
})
