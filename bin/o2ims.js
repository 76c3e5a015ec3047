#!/usr/bin/env node
// Plain JavaScript on purpose: an old Node cannot even parse the TypeScript that follows, and shall say so in one line.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const NEEDED = 24

if (Number.parseInt(process.versions.node, 10) >= NEEDED) {
  // Half of the time of a command is reading its code.
  module.enableCompileCache()
  try {
    await import('../src/cli/main.ts')
  } catch (error) {
    const installed = existsSync(new URL('../node_modules/commander', import.meta.url))
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || installed) throw error
    process.stderr.write(
      'o2ims finds no npm packages: run "npm ci" here, or "make deps", which also brings redis-server\n',
    )
    process.exitCode = 1
  }
} else {
  const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
  if (existsSync(pinned)) runWith(pinned)
  else {
    process.stderr.write(
      `o2ims needs Node.js ${NEEDED} and this is ${process.version}: run "npm ci" here, which installs it beside the code\n`,
    )
    process.exitCode = 1
  }
}

/** Hands over to the pinned Node: same arguments, same streams, its exit code; signals are passed on. */
function runWith(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  // On a terminal Ctrl-C reaches both of us: the child decides what it means.
  process.on('SIGINT', () => undefined)
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`o2ims: ${node} does not start: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
