import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** Logs one line of JSON per event to standard error; standard output is left to what commands print. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: ['authorization', '*.authorization', '["x-api-key"]', '*["x-api-key"]'], remove: true },
  }
  return pino(options, destination ?? pino.destination({ fd: 2, sync: true }))
}
