import { createLogger, type Logger } from '../../src/platform/log.js'
import type { Json } from './client.js'

const WARN = 40

/** A logger that keeps what it is told, as the lines would stand in a file. */
export class LogLines {
  readonly logger: Logger
  readonly #lines: string[] = []

  constructor(level = 'debug') {
    this.logger = createLogger(level, { write: (line: string) => void this.#lines.push(line) })
  }

  all(): Json[] {
    return this.#lines.map((line) => JSON.parse(line))
  }

  /** Warnings and what is worse, but for what a start says of its configuration. */
  complaints(): Json[] {
    return this.all().filter(({ level, about }) => level >= WARN && about !== 'configuration')
  }

  text(): string {
    return this.#lines.join('')
  }
}
