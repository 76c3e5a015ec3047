import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { checkQueueOptions, operatorFaults } from '../../src/provisioning/option-rules.ts'
import { queuePriority } from '../../src/provisioning/priority.ts'
import type { RequestOptions } from '../../src/provisioning/record.ts'

function pointersOf(options: RequestOptions | undefined, approvers?: string[]): string[] {
  try {
    checkQueueOptions(options, { approvers })
    return []
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'INVALID_OPTIONS') throw error
    return error.fields.map(({ pointer }) => pointer)
  }
}

describe('the rules of the options', () => {
  it('let a request choose among the approvers of its template, and name none in their place', () => {
    const approval = { required: true, approvers: ['ann', 'eve'] }
    expect(pointersOf({ approval })).toEqual([])
    expect(pointersOf({ approval }, ['ann', 'eve', 'bob'])).toEqual([])
    expect(pointersOf({ approval }, ['ann', 'bob'])).toEqual(['/options/approval/approvers/1'])
    expect(pointersOf({ approval: { required: true } }, ['ann'])).toEqual([])
  })

  it('let no behaviour of operators stand where none is asked', () => {
    const template = (uses: string) => ({ steps: [{ name: 'one', uses }] })
    expect(operatorFaults({ behaviour: 'slow' }, template('manifests'))).toMatchObject([
      { pointer: '/options/simulation/operator' },
    ])
    expect(operatorFaults({ behaviour: 'slow' }, template('o2ims-request'))).toEqual([])
    expect(operatorFaults({ behaviour: 'wrong-case' }, template('o2ims-request'))).toMatchObject([
      { pointer: '/options/simulation/operator/behaviour', message: expect.stringContaining('render-error') },
    ])
    expect(operatorFaults({ behaviour: 'wrong-case' }, template('focom-request'))).toEqual([])
    expect(operatorFaults(undefined, template('manifests'))).toEqual([])
  })

  it('name every value that is wrong', () => {
    const options: RequestOptions = {
      maintenanceWindow: { schedule: 'never', durationSeconds: 60, timeZone: 'Nowhere' },
      approval: { required: false, approvers: ['ann'] },
      rollbackOnFailure: true,
      cleanupOnFailure: false,
    }
    expect(pointersOf(options)).toEqual([
      '/options/maintenanceWindow/schedule',
      '/options/maintenanceWindow/timeZone',
      '/options/approval/approvers',
      '/options/rollbackOnFailure',
    ])
    expect(pointersOf(undefined)).toEqual([])
  })
})

describe('the priority in the queue', () => {
  it('has the most urgent first, and what names none in the middle', () => {
    expect([100, 50, 1].map((priority) => queuePriority({ options: { priority } }))).toEqual([1, 51, 100])
    expect([queuePriority({}), queuePriority({ options: {} })]).toEqual([51, 51])
  })
})
