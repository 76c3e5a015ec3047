import { expect, test } from 'vitest'
import { createBatch } from '../../src/store/batch.ts'

test('questions of one turn are asked together, each gets its own answer, and no more than so many go at once', async () => {
  const asked: number[][] = []
  const ask = createBatch(async (questions: number[]) => {
    asked.push(questions)
    return questions.map((question) => question * 10)
  }, 2)
  const chained = Promise.resolve().then(() => ask(3))
  expect(await Promise.all([ask(1), ask(2), chained])).toEqual([10, 20, 30])
  expect(await ask(4)).toBe(40)
  expect(asked).toEqual([[1, 2], [3], [4]])
})

test('a failure is that of all who asked together, and of no other', async () => {
  const ask = createBatch(async (questions: string[]) => {
    if (questions.includes('bad')) throw new Error('no')
    return questions
  })
  const both = await Promise.allSettled([ask('good'), ask('bad')])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ask('good')).toBe('good')
})
