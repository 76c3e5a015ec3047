import { expect, test } from 'vitest'
import { createChildProcesses, type OnPrinted } from '../../src/tools/child-processes.ts'

const SCRIPT = 'console.error("to stderr: hunter22"); console.log("to stdout"); console.error("second")'
const call = { tool: 'node', args: ['-e', SCRIPT], timeoutMs: 10_000, secrets: ['hunter22'] }
const run = { reference: 'r', step: 'cluster' }

test('what a tool prints for a run is told line by line, masked; what is no run’s, or may be a secret itself, is not', async () => {
  const told: Parameters<OnPrinted>[] = []
  const children = createChildProcesses({ onPrinted: (...line) => told.push(line) })
  const quiet = await children.run({ ...call, run })
  expect(quiet.stdout).toBe('to stdout\n')
  expect(told).toEqual([
    [run, { tool: 'node', stream: 'stderr', line: 'to stderr: [secret]' }],
    [run, { tool: 'node', stream: 'stderr', line: 'second' }],
  ])
  told.length = 0
  const lines: string[] = []
  await children.run({ ...call, run, onLine: (line) => lines.push(line) })
  expect(lines.toSorted()).toEqual(['second', 'to stderr: hunter22', 'to stdout'])
  expect(told.map(([, { stream, line }]) => `${stream} ${line}`).toSorted()).toEqual([
    'stderr second',
    'stderr to stderr: [secret]',
    'stdout to stdout',
  ])
  told.length = 0
  await children.run(call)
  expect(told).toEqual([])
})
