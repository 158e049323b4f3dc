import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** One line of JSON an event on standard error, so that standard output stays free for what a command prints. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: ['authorization', '*.authorization', '["x-api-key"]', '*["x-api-key"]'], remove: true },
  }
  return pino(options, destination ?? pino.destination({ fd: 2, sync: true }))
}
