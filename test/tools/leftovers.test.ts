import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endLeftovers, endOrphans } from '../../src/tools/leftovers.ts'
import { eventually } from '../harness/eventually.ts'

const bin = mkdtempSync(join(tmpdir(), 'o2ims-bin-'))
const starter = fileURLToPath(new URL('starter.ts', import.meta.url))

beforeAll(() => {
  // Without setpriv, so that children outlive a killed parent.
  for (const tool of ['sh', 'sleep']) symlinkSync(`/bin/${tool}`, join(bin, tool))
})
afterAll(() => rmSync(bin, { recursive: true, force: true }))

/** Starts a worker whose child has a child, and resolves when both run. */
async function startWorker(reference: string, step: string, path = bin) {
  const worker = spawn(process.execPath, [starter, reference, step], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: path },
  })
  await once(createInterface(worker.stdout), 'line')
  return worker
}

/** How many processes carry the reference. */
function familyOf(reference: string): number {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.filter((pid) => environmentOf(pid).includes(`O2IMS_RUN=${reference}/`)).length
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}

describe.runIf(process.platform === 'linux')('what outlives a killed worker', () => {
  test('is found with all its family and ended, and only that', async () => {
    const [dead, other] = [randomUUID(), randomUUID()]
    const worker = await startWorker(dead, 'a/step with blanks')
    const neighbour = await startWorker(other, 'step')
    try {
      worker.kill('SIGKILL')
      await once(worker, 'exit')
      expect(familyOf(dead)).toBe(2)
      expect(await endLeftovers(dead, 'another step')).toBe(0)
      expect(await endLeftovers(dead, 'a/step with blanks')).toBe(2)
      expect(familyOf(dead)).toBe(0)
      expect(familyOf(other)).toBe(2)
      expect(await endLeftovers(dead)).toBe(0)
    } finally {
      neighbour.kill('SIGKILL')
      await endLeftovers(dead)
      await endLeftovers(other)
    }
  })

  test('is known as an orphan, the children of living workers are not', async () => {
    const [dead, alive] = [randomUUID(), randomUUID()]
    const [worker, neighbour] = [await startWorker(dead, 's'), await startWorker(alive, 's')]
    try {
      worker.kill('SIGKILL')
      await once(worker, 'exit')
      expect(await endOrphans()).toBeGreaterThanOrEqual(2)
      expect(familyOf(dead)).toBe(0)
      expect(familyOf(alive)).toBe(2)
    } finally {
      neighbour.kill('SIGKILL')
      await endLeftovers(alive)
    }
  })

  test('that ignores SIGTERM is killed', async () => {
    const reference = randomUUID()
    const stubborn = spawn('/bin/sh', ['-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'], {
      env: { O2IMS_RUN: `${reference}/s/x` },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await once(createInterface(stubborn.stdout), 'line')
    const [, signal] = await Promise.all([endLeftovers(reference), once(stubborn, 'exit')]).then(([count, [, by]]) => [
      count,
      by,
    ])
    expect(signal).toBe('SIGKILL')
    expect(familyOf(reference)).toBe(0)
  })

  test('dies with the worker where setpriv is on the PATH', async () => {
    const reference = randomUUID()
    const worker = await startWorker(reference, 's', process.env.PATH)
    try {
      worker.kill('SIGKILL')
      // The child itself: its own child is ended by the scan.
      await eventually(() => expect(familyOf(reference)).toBeLessThan(2))
    } finally {
      await endLeftovers(reference)
    }
  })
})
