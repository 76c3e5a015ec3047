import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Level,
  type LogFn,
  type Logger,
  pino,
} from 'pino'
import { masked, maskedFields } from './log-masking.ts'
import { traceIds } from './telemetry/spans.ts'

const options = (level: string) => ({
  level,
  timestamp: pino.stdTimeFunctions.isoTime,
  mixin: traceIds,
  // Not pino's own redaction: for these fields it takes more than ten times as long as the line itself.
  hooks: { logMethod: logMasked },
  // Is masked already; pino's own serialiser would take it for an error once more.
  serializers: { err: (error: unknown) => error },
})

/** Fields, and what is written into the text (`%j`), lose their secrets before pino sees them. */
function logMasked(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  maskArguments(args)
  method.apply(this, args)
}

function maskArguments(args: unknown[]): void {
  for (let at = 0; at < args.length; at++) {
    const value = args[at]
    if (typeof value === 'object' && value !== null) args[at] = at === 0 ? maskedFields(value) : masked(value)
  }
}

/** What a child, or `setBindings`, adds to every line is masked as well. pino's `formatters.bindings` is for the first logger only. */
function create(level: string, base: Bindings, destination?: DestinationStream): Logger {
  const log = pino({ ...options(level), base }, destination)
  const { child, setBindings } = log
  Reflect.set(log, 'child', function (this: Logger, bindings: Bindings, childOptions?: ChildLoggerOptions) {
    return Reflect.apply(child, this, [maskedFields(bindings), childOptions])
  })
  log.setBindings = function (this: Logger, bindings: Bindings) {
    setBindings.call(this, maskedFields(bindings))
  }
  return log
}

/** JSON lines on standard output (or on `destination`), without the values of secret fields. Times are RFC 3339. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return create(level, { service: 'o2ims' }, destination)
}

/** A logger that logs as another one does, at its level and to where it goes; `onLine` gets every line from debug on, whatever that level is. */
export type Tee = (bindings: Bindings, onLine: (line: string) => void) => Logger

/** Loggers of one run each. What is costly to make is made once for all of them. */
export function createTee(base: Logger): Tee {
  const stream: DestinationStream = Reflect.get(base, pino.symbols.streamSym)
  const level = base.isLevelEnabled('trace') ? 'trace' : 'debug'
  const root = create(level, base.bindings(), stream)
  return (bindings, onLine) => {
    const streams = [
      { level: 'debug' as const, stream: { write: onLine } },
      { level: base.level as Level, stream },
    ]
    const own = root.child(bindings)
    Reflect.set(own, pino.symbols.streamSym, pino.multistream(streams))
    return own
  }
}
