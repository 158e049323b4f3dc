import { chunkText } from '../embedders/chunks.js'
import {
  type Embedder,
  EmbedderUnavailableError,
  EmbeddingRefusedError,
  isAnswer,
} from '../embedders/embedder.js'
import type { BatchOutcome } from './batch.outcome.js'
import type { NewVector, PendingMessage, Refusal } from './embedding.sql.js'
import type { VectorCopy } from './reuse.sql.js'

interface Piece {
  message: PendingMessage
  chunk: number
  text: string
}

/** What a batch asks of an embedder. */
export interface BatchEmbedder extends Pick<Embedder, 'batchSize' | 'embed'> {
  /** It has failed again and again: an outage, or the fault of a text that brings it down. */
  readonly isSuspect: boolean
}

const MAX_ERROR_LENGTH = 500

/** Any embedder has a vector for this; one that refuses it refuses everything. */
const PLAIN_TEXT = 'The weather is fine today.'

/**
 * Embeds messages piece by piece. What is wrong with one text is told from what is wrong with the embedder: a call that
 * fails is halved until one text stands alone, and that one is refused when the embedder answers others.
 */
export class BatchRun {
  readonly #pieces: Piece[]
  readonly #vectors: NewVector[] = []
  readonly #refused = new Map<string, Refusal>()
  /** pieces that are embedded or refused: the first ones */
  #done = 0
  #isAnswering = false

  constructor(
    private readonly embedder: BatchEmbedder,
    private readonly messages: PendingMessage[],
    /** messages that need no call */
    private readonly copies: VectorCopy[],
    private readonly signal: AbortSignal,
  ) {
    const copied = new Set(copies.map(({ messageId }) => messageId))
    this.#pieces = messages
      .filter(({ id }) => !copied.has(id))
      .flatMap((message) =>
        chunkText(message.content).map((text, chunk): Piece => ({ message, chunk, text })),
      )
  }

  /** Never fails: what has been paid for before a failure is kept. */
  async finish(): Promise<BatchOutcome> {
    const { batchSize } = this.embedder
    try {
      for (let start = 0; start < this.#pieces.length; start += batchSize) {
        await this.#embed(this.#pieces.slice(start, start + batchSize))
      }
      return this.#outcome(this.messages, null)
    } catch (error) {
      const undone = this.#pieces[this.#done]?.message
      const whole = this.messages.filter(({ sequence }) => !undone || sequence < undone.sequence)
      return this.#outcome(whole, error)
    }
  }

  async #embed(pieces: Piece[]): Promise<void> {
    try {
      const texts = pieces.map(({ text }) => text)
      this.#keep(pieces, await this.embedder.embed(texts, this.signal))
    } catch (error) {
      if (!this.#mayBeOfAText(error)) throw error
      const [only] = pieces
      if (pieces.length === 1 && only) return this.#judge(only, error)
      // An outage is known by one more call, before a call that hangs is tried by halves.
      if (!isAnswer(error) && !this.#isAnswering) await this.#requireAnswer()
      const middle = Math.ceil(pieces.length / 2)
      await this.#embed(pieces.slice(0, middle))
      await this.#embed(pieces.slice(middle))
    }
  }

  #keep(pieces: Piece[], vectors: Float32Array[]): void {
    for (const [index, { message, chunk }] of pieces.entries()) {
      this.#vectors.push({ messageId: message.id, chunk, vector: vectors[index] as Float32Array })
    }
    this.#done += pieces.length
    this.#isAnswering = true
  }

  #mayBeOfAText(error: unknown): error is Error {
    if (isAnswer(error)) return true
    return this.embedder.isSuspect && error instanceof EmbedderUnavailableError && error.retryAfterMs === null
  }

  /** A text that stands alone is refused, unless the embedder fails with any text, or takes this one after all. */
  async #judge(piece: Piece, error: Error): Promise<void> {
    const isProven = isAnswer(error) && this.#isAnswering
    if (!isProven) await this.#requireAnswer()
    // The embedder may have been mended between the two calls.
    const last = isProven ? error : await this.#askAgain(piece)
    if (!last) return
    const { id, sequence } = piece.message
    this.#refused.set(id, { messageId: id, sequence, error: last.message.slice(0, MAX_ERROR_LENGTH) })
    this.#done++
  }

  async #askAgain(piece: Piece): Promise<Error | null> {
    try {
      this.#keep([piece], await this.embedder.embed([piece.text], this.signal))
      return null
    } catch (error) {
      if (this.#mayBeOfAText(error)) return error
      throw error
    }
  }

  async #requireAnswer(): Promise<void> {
    try {
      await this.embedder.embed([PLAIN_TEXT], this.signal)
      this.#isAnswering = true
    } catch (error) {
      if (!(error instanceof EmbeddingRefusedError)) throw error
      throw new EmbedderUnavailableError(error.message)
    }
  }

  #outcome(messages: PendingMessage[], interruption: unknown): BatchOutcome {
    const ids = new Set(messages.map(({ id }) => id))
    return {
      messages,
      vectors: this.#vectors.filter(({ messageId }) => ids.has(messageId) && !this.#refused.has(messageId)),
      copies: this.copies.filter(({ messageId }) => ids.has(messageId)),
      refusals: [...this.#refused.values()].filter(({ messageId }) => ids.has(messageId)),
      interruption,
    }
  }
}
