import { setTimeout as after } from 'node:timers/promises'

export interface EmbeddingFailureReply {
  status: number
  headers: Record<string, string>
}

/** What a test decides of an embedder that is not real: when it answers, when it fails, and what it refuses. */
export class EmbeddingControls {
  /** the texts of each call, in the order of arrival */
  readonly calls: string[][] = []
  /** when each call came, by `performance.now()` */
  readonly calledAt: number[] = []
  /** calls that wait for their answer */
  inFlight = 0
  mostInFlight = 0

  private failures: EmbeddingFailureReply[] = []
  private refused: (text: string) => boolean = () => false
  private delayMs = 0
  private gate: Promise<void> = Promise.resolve()
  private openGate: () => void = () => undefined

  /** Holds every answer back until `resume`. */
  pause(): void {
    this.openGate()
    this.gate = new Promise((resolve) => {
      this.openGate = resolve
    })
  }

  resume(): void {
    this.openGate()
  }

  /** The next calls fail with this HTTP status. */
  failNext(status: number, headers: Record<string, string> = {}, times = 1): void {
    for (let count = 0; count < times; count++) this.failures.push({ status, headers })
  }

  /** A call with such a text is refused with 400. */
  refuse(predicate: (text: string) => boolean): void {
    this.refused = predicate
  }

  /** Every answer takes this long. */
  delay(milliseconds: number): void {
    this.delayMs = milliseconds
  }

  /** Records a call, waits until it may be answered, and tells how it fails; null: it does not. */
  async admit(texts: readonly string[], signal?: AbortSignal): Promise<EmbeddingFailureReply | null> {
    this.calls.push([...texts])
    this.calledAt.push(performance.now())
    this.inFlight++
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    try {
      const failure = this.failures.shift()
      await Promise.race([this.gate, aborted(signal)])
      if (this.delayMs > 0) await after(this.delayMs, undefined, { signal })
      return failure ?? (texts.some(this.refused) ? { status: 400, headers: {} } : null)
    } finally {
      this.inFlight--
    }
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
