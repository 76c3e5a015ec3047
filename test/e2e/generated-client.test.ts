import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ts } from '@ts-morph/common'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { needs } from '../harness/needs.ts'
import { objects, readInventory, withElements } from '../o2ims/read-inventory.ts'
import { type Service, startConformingService } from '../o2ims/service.ts'

const FOLDER = join(import.meta.dirname, 'generated-client')
const CLIENT = join(FOLDER, 'client.ts')
const TYPES = join(FOLDER, 'generated', 'o2ims.ts')
const TSC = join(import.meta.dirname, '..', '..', 'node_modules', 'typescript', 'bin', 'tsc')
const LIMIT_MS = 120_000

describe('a client that was generated from the contract', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    await mkdir(join(FOLDER, 'generated'), { recursive: true })
    await execa(process.execPath, [join(FOLDER, 'generate.ts'), TYPES], { timeout: LIMIT_MS })
    service = await startConformingService({ env: { LIST_PAGE_SIZE: '2', O_CLOUD_NAME: 'north' } })
  })
  afterAll(() => service?.stop())

  test('is written without a cast, and its types hold', async () => {
    const source = await readFile(CLIENT, 'utf8')
    expect(castsIn(source)).toEqual([])
    const { stdout, exitCode } = await execa(process.execPath, [TSC, '--project', FOLDER], {
      reject: false,
      timeout: LIMIT_MS,
    })
    expect([exitCode, stdout]).toEqual([0, ''])
    // What is looked for is found
    expect(castsIn('const a = b as any; c!.d(); const e = <F>g // @ts-ignore')).toHaveLength(5)
  })

  test('walks from the O-Cloud to every element, subscribes, and provisions', async () => {
    const callback = `${service.subscriber.url}/generated`
    const { stdout } = await execa(process.execPath, [CLIENT, service.url, callback], { timeout: LIMIT_MS })
    expect(JSON.parse(stdout)).toEqual({
      cloud: 'north',
      subscriptionAfterwards: 404,
      provisioningPhase: 'FULFILLED',
      ...(await whatThereIs()),
    })
  })

  /** Read by the lists alone, not by references from one to another. */
  async function whatThereIs(): Promise<Record<string, string[]>> {
    const inventory = readInventory(service)
    const ids = (some: JsonObject[], name: string) => [...new Set(some.map((one) => String(one[name])))].sort()
    const resources = await inventory.resources()
    const elements = resources.flatMap(({ elements }) => objects(elements).flatMap(withElements))
    const nodes = (await service.all('/o2ims/v1/ocloud')).map(({ status }) => Number(Object(status).nodes))
    expect(resources.length).toBe(nodes.reduce((sum, count) => sum + count, 0))
    // That of clusters is no resource's
    const types = (await inventory.all('resourceTypes')).filter(({ resourceKind }) => resourceKind !== 'LOGICAL')
    const named = new Set(types.map(({ alarmDictionaryId }) => alarmDictionaryId))
    const dictionaries = (await inventory.all('alarmDictionaries')).filter((one) => named.has(one.alarmDictionaryId))
    const measurements = (await inventory.all('performanceDictionaries')).flatMap((one) =>
      objects(one.supportedMeasurements),
    )
    return {
      deploymentManagers: ids(await service.all('/o2ims/v1/ocloud'), 'oCloudId'),
      locations: ids(await inventory.all('locations'), 'globalLocationId'),
      oCloudSites: ids(await inventory.all('oCloudSites'), 'oCloudSiteId'),
      resourcePools: ids(await inventory.all('resourcePools'), 'resourcePoolId'),
      resources: ids(resources, 'resourceId'),
      elements: ids(elements, 'resourceId'),
      resourceTypes: ids(types, 'resourceTypeId'),
      alarms: ids(
        dictionaries.flatMap((one) => objects(one.alarmDefinition)),
        'alarmName',
      ),
      probableCauses: ids(
        dictionaries.flatMap((one) => objects(one.probableCauses)),
        'probableCauseCode',
      ),
      measurements: ids(measurements, 'performanceMeasurementId'),
    }
  }
})

/** Whatever makes a type out of nothing: assertions, `any`, `!`, and comments that silence the compiler. */
function castsIn(source: string): string[] {
  const file = ts.createSourceFile('client.ts', source, ts.ScriptTarget.Latest, true)
  const found = source.match(/@ts-\w+|biome-ignore/g)?.slice() ?? []
  const look = (node: ts.Node): void => {
    const isCast = ts.isAsExpression(node) || ts.isTypeAssertionExpression(node) || ts.isNonNullExpression(node)
    if (isCast || node.kind === ts.SyntaxKind.AnyKeyword) found.push(node.getText(file))
    ts.forEachChild(node, look)
  }
  look(file)
  return found
}
