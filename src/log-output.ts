import { type DestinationStream, pino } from 'pino'

/** More text than this does not wait. */
const MOST_CHARACTERS = 64 * 1024

/**
 * Standard output for log lines: those of one turn of the event loop go out in one write, for under load the system calls cost more than the lines. Whatever
 * ends the process, they are written before, unless it is killed.
 */
export function createLogOutput(
  output: DestinationStream = pino.destination({ dest: 1, sync: true }),
): DestinationStream & { flushSync(): void } {
  let text = ''

  function flushSync(): void {
    if (text === '') return
    const lines = text
    text = ''
    output.write(lines)
  }

  process.on('exit', flushSync)
  return {
    write(line) {
      if (text === '') setImmediate(flushSync)
      text += line
      if (text.length > MOST_CHARACTERS) flushSync()
    },
    // Pino calls it after a line that may be the last one (fatal).
    flushSync,
  }
}
