import { type Bindings, type DestinationStream, type Level, type Logger, pino } from 'pino'
import { traceIds } from './telemetry/spans.ts'

/** Field names whose values never reach a log line: in the line itself and in objects one and two levels below it. No call logs secrets deeper, or at all. */
const SECRET_FIELDS = [
  'kubeconfig',
  'token',
  'password',
  'authorization',
  'sealed',
  'client-key-data',
  'encryptionKey',
  'stringData',
]

const options = (level: string) => ({
  level,
  timestamp: pino.stdTimeFunctions.isoTime,
  mixin: traceIds,
  redact: {
    paths: SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
    censor: '[secret]',
  },
})

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
