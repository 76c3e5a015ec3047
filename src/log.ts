import { type Bindings, type DestinationStream, type Level, type Logger, pino } from 'pino'
import { traceIds } from './telemetry/spans.ts'

/** Field names whose values never reach a log line: in the line itself, what a child logger adds to it, and objects one and two levels below the line. No call logs secrets deeper, or at all. */
const SECRET_FIELDS = new Set([
  'kubeconfig',
  'token',
  'password',
  'authorization',
  'sealed',
  'client-key-data',
  'encryptionKey',
  'stringData',
])
const CENSOR = '[secret]'
/** Objects within objects that are looked into. */
const DEEPEST = 2

const options = (level: string) => ({
  level,
  timestamp: pino.stdTimeFunctions.isoTime,
  mixin: traceIds,
  // Not pino's own redaction: for these fields it takes more than ten times as long as the line itself.
  formatters: { log: maskedFields },
  serializers: {
    ...Object.fromEntries([...SECRET_FIELDS].map((field) => [field, () => CENSOR])),
    err: (error: Error) => masked(pino.stdSerializers.err(error), 1),
  },
})

const maskedFields = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, maskedField(name, value, 0)]))

function maskedField(name: string, value: unknown, depth: number): unknown {
  return SECRET_FIELDS.has(name) && value !== undefined ? CENSOR : masked(value, depth + 1)
}

/** Errors are looked into when their serialiser has made an object of them. */
function masked(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST || value instanceof Error) return value
  if ('toJSON' in value && typeof value.toJSON === 'function') return masked(value.toJSON(), depth)
  if (Array.isArray(value)) return value.map((item) => masked(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskedField(name, item, depth)]))
}

/** JSON lines on standard output (or on `destination`). Times are RFC 3339. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino({ ...options(level), base: { service: 'o2ims' } }, destination)
}

/** A logger that logs as another one does, at its level and to where it goes; `onLine` gets every line from debug on, whatever that level is. */
export type Tee = (bindings: Bindings, onLine: (line: string) => void) => Logger

/** Loggers of one run each. What is costly to make, the redaction of secret fields, is made once for all of them. */
export function createTee(base: Logger): Tee {
  const stream: DestinationStream = Reflect.get(base, pino.symbols.streamSym)
  const level = base.isLevelEnabled('trace') ? 'trace' : 'debug'
  const root = pino({ ...options(level), base: base.bindings() }, stream)
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
