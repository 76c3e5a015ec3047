import { type DestinationStream, type Logger, pino } from 'pino'

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

/** JSON lines on standard output (or on `destination`). Times are RFC 3339. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service: 'o2ims' },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]),
        censor: '[secret]',
      },
    },
    destination,
  )
}
