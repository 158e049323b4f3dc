import { HeddleError } from '../errors.js'

/** A row with a text that may be long. */
export interface TextRow {
  /** size of its text, even if the text was not read */
  readonly contentBytes: number
}

const MIB = 1024 * 1024

/**
 * Limits the text that one operation may read and return, before it is in memory. Statements that read texts run one
 * after the other; each gets the remaining budget, and returns no texts if they exceed it.
 */
export class TextBudget {
  #left: number
  #turn: Promise<unknown> = Promise.resolve()
  readonly #told = new WeakSet<TextRow>()

  constructor(private readonly limit: number) {
    this.#left = limit
  }

  read<Row extends TextRow>(read: (left: number) => Promise<Row[]>): Promise<Row[]> {
    const reading = this.#turn.then(async () => {
      const rows = await read(this.#left)
      this.#spend(rows.reduce((sum, { contentBytes }) => sum + contentBytes, 0))
      return rows
    })
    this.#turn = reading.catch(() => undefined)
    return reading
  }

  /** Counts a text that is returned more than once: it is read only once, but enlarges the reply each time. */
  tell(row: TextRow): void {
    if (this.#told.has(row)) this.#spend(row.contentBytes)
    this.#told.add(row)
  }

  #spend(bytes: number): void {
    if (bytes > this.#left) {
      throw new HeddleError(
        'VALIDATION_ERROR',
        `The requested messages exceed ${this.limit / MIB} MiB in total. Request fewer messages.`,
        { systemMessage: 'Too much text', details: { limitBytes: this.limit } },
      )
    }
    this.#left -= bytes
  }
}
