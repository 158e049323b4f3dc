/** Where a command prints for people: a terminal that can be redrawn, or a file that keeps every line. */
export interface Output {
  write(text: string): void
  readonly interactive: boolean
  readonly columns: number
}

export function streamOutput(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    interactive: stream.isTTY === true,
    columns: stream.columns ?? 80,
  }
}

const REDRAW_MS = 80
const BAR_CELLS = 24
const ERASE_LINE = '\r\u001b[2K'

/** One line of progress: redrawn on a terminal, otherwise a line at every tenth. */
export class ProgressBar {
  #drawnAt = Number.NEGATIVE_INFINITY
  #tenths = -1
  #line = ''

  constructor(
    readonly output: Output,
    readonly label: string,
    readonly now: () => number = Date.now,
  ) {}

  /** `fraction` is from 0 to 1. `detail` is only called if it is shown. */
  update(fraction: number, detail: () => string): void {
    const percent = Math.floor(Math.min(Math.max(fraction, 0), 1) * 100)
    if (this.output.interactive) this.#redraw(percent, detail)
    else this.#log(percent, detail)
  }

  /** Prints a separate line above the bar. */
  print(line: string): void {
    if (this.#line === '') this.output.write(`${line}\n`)
    else this.output.write(`${ERASE_LINE}${line}\n${this.#line}`)
  }

  /** Replaces the bar by its last line. */
  finish(line: string): void {
    this.#line = ''
    this.output.write(`${this.output.interactive ? ERASE_LINE : ''}${this.label}: ${line}\n`)
  }

  #redraw(percent: number, detail: () => string): void {
    if (this.now() - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = this.now()
    const filled = Math.round((percent / 100) * BAR_CELLS)
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled)
    const line = `${this.label} ${bar} ${String(percent).padStart(3)} % ${detail()}`
    // A line that wraps cannot be erased.
    this.#line = line.slice(0, this.output.columns - 1)
    this.output.write(ERASE_LINE + this.#line)
  }

  #log(percent: number, detail: () => string): void {
    const tenths = Math.floor(percent / 10)
    if (tenths <= this.#tenths) return
    this.#tenths = tenths
    this.output.write(`${this.label}: ${percent} % ${detail()}\n`)
  }
}

/** A count in words: "12,345 messages", "1 message". */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}
