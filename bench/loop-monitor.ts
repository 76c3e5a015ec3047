// Preloaded into a process that is measured: on SIGUSR2 it writes what its event loop and memory were like since the last time to the file LOOP_MONITOR.
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const file = process.env.LOOP_MONITOR
if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  let mostBytes = 0
  const look = () => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
  }
  setInterval(look, 50).unref()
  process.on('SIGUSR2', () => {
    look()
    writeFileSync(`${file}.new`, JSON.stringify({ mostBytes, longestMs: delay.max / 1e6 }))
    renameSync(`${file}.new`, file)
    delay.reset()
    mostBytes = 0
  })
}
