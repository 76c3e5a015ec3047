import { describe, expect, test } from 'vitest'
import { alarmDictionaryOf } from '../../src/inventory/dictionaries/alarms.ts'
import { performanceDictionaryOf } from '../../src/inventory/dictionaries/performance.ts'
import { alarmDictionarySchema, performanceDictionarySchema } from '../../src/inventory/dictionaries/schema.ts'
import { CATEGORIES, type Kind, kindOfType, resourceTypeOf } from '../../src/inventory/projection/kinds.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const KINDS = CATEGORIES.map(
  (category): Kind => ({ category, vendor: 'ACME', model: `m-${category}`, version: '1', resourceKind: 'PHYSICAL' }),
)

describe.each(KINDS)('the dictionaries of a $category', (kind) => {
  const type = resourceTypeOf(kind)
  const alarms = alarmDictionaryOf(kind)
  const performance = performanceDictionaryOf(kind)

  test('are the ones that its resource type names', () => {
    expect(alarms).toMatchObject({ alarmDictionaryId: type.alarmDictionaryId, vendor: type.vendor })
    expect(performance?.performanceDictionaryId).toBe(type.performanceDictionaryId)
    expect(kindOfType(type)).toEqual(kind)
  })

  test('have the shape of the specification, for the IMS alone', () => {
    expect(alarmDictionarySchema.parse(alarms)).toEqual(alarms)
    expect(alarms).toMatchObject({
      managementInterfaceId: ['O2IMS'],
      pkNotificationField: ['alarmDefinitionId'],
      entityType: `${kind.model}/1`,
    })
    if (performance) expect(performanceDictionarySchema.parse(performance)).toEqual(performance)
  })

  test('have alarms with keys of their own, and causes that are listed once', () => {
    const ids = alarms.alarmDefinition.map(({ alarmDefinitionId }) => alarmDefinitionId)
    const causes = alarms.probableCauses.map(({ probableCauseCode }) => probableCauseCode)
    expect([new Set(ids).size, new Set(causes).size]).toEqual([ids.length, causes.length])
    for (const id of ids) expect(id).toMatch(UUID)
  })
})

test('the standard alarms and causes of clusters, networks and nodes are there, as they are printed', () => {
  const [cluster, node] = KINDS.map(alarmDictionaryOf)
  const names = [cluster, node].flatMap((one) => one?.alarmDefinition.map(({ alarmName }) => alarmName) ?? [])
  const severities = ['WARNING', 'MINOR', 'MAJOR', 'CRITICAL']
  expect(names).toEqual(
    ['CLUSTER', 'CLUSTERNETWORK', 'CLUSTERNODE'].flatMap((object) => severities.map((one) => `${object}_${one}`)),
  )
  const causes = [cluster, node].flatMap((one) => one?.probableCauses.map((cause) => cause.probableCauseCode) ?? [])
  expect(causes).toHaveLength(62)
  expect(causes).toEqual(expect.arrayContaining(['STORAGE_CONFIGURAION', 'NETWORK_CONNECTVITY_SIGNAL', 'NODE_DOWN']))
})

test('a node is measured, each measurement in the form of ETSI alone', () => {
  const node = KINDS.find(({ category }) => category === 'node')
  const measurements = (node && performanceDictionaryOf(node)?.supportedMeasurements) ?? []
  expect(measurements.map(({ performanceMeasurementId }) => performanceMeasurementId)).toEqual([
    'cpuUsage',
    'cpuAverageUtilization',
    'memoryUsage',
    'memoryAverageUtilization',
  ])
  for (const { measurementDefinition, performanceMeasurementDefinitionId } of measurements) {
    expect(performanceMeasurementDefinitionId).toMatch(UUID)
    expect(measurementDefinition).toHaveProperty('measuredObjectType', 'Node')
    expect(measurementDefinition).not.toHaveProperty('measurementType')
  }
})
