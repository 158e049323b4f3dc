import { HeddleError } from './errors.js'

/** A row with a text that may be long. */
export interface TextRow {
  /** of its text, also where the text was left out */
  readonly contentBytes: number
}

const MIB = 1024 * 1024

/**
 * How much text one operation may read and tell: what would be more is refused before it is in memory. Texts are read by
 * one statement after the other, each of which knows what is left, and leaves out its texts when they are more.
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

  /** A text that is read once and told again makes the reply larger all the same. */
  tell(row: TextRow): void {
    if (this.#told.has(row)) this.#spend(row.contentBytes)
    this.#told.add(row)
  }

  #spend(bytes: number): void {
    if (bytes > this.#left) {
      throw new HeddleError(
        'VALIDATION_ERROR',
        `The messages asked for are larger than ${this.limit / MIB} MiB together. Ask for fewer of them.`,
        { systemMessage: 'Too much text', details: { limitBytes: this.limit } },
      )
    }
    this.#left -= bytes
  }
}
