import { Worker } from 'node:worker_threads'
import type { WorkerReply, WorkerRequest } from './builtin.worker.js'
import { type Embedder, EmbedderUnavailableError } from './embedder.js'

interface Call {
  resolve: (vectors: Float32Array[]) => void
  reject: (error: unknown) => void
}

/** Word vectors that need neither network nor key, computed in a worker thread that starts with the first call. */
export class BuiltinEmbedder implements Embedder {
  readonly model = 'heddle-words-100@1'
  readonly dimensions = 100
  readonly batchSize = 256
  readonly concurrency = 2

  private worker: Worker | null = null
  private readonly calls = new Map<number, Call>()
  private lastId = 0
  private readonly closing = new AbortController()

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    signal.throwIfAborted()
    this.closing.signal.throwIfAborted()
    if (texts.length === 0) return []

    const id = ++this.lastId
    const worker = this.startedWorker()
    const { promise, abort } = this.begin(id, signal)
    signal.addEventListener('abort', abort, { once: true })
    worker.postMessage({ id, texts } satisfies WorkerRequest)
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', abort)
      this.calls.delete(id)
      // An idle worker must not keep the process alive; a busy one must.
      if (this.calls.size === 0) worker.unref()
    }
  }

  async close(): Promise<void> {
    const closed = new EmbedderUnavailableError('The embedder is closed.')
    this.closing.abort(closed)
    const worker = this.worker
    this.fail(closed)
    await worker?.terminate()
  }

  private begin(id: number, signal: AbortSignal): { promise: Promise<Float32Array[]>; abort: () => void } {
    const promise = new Promise<Float32Array[]>((resolve, reject) => {
      this.calls.set(id, { resolve, reject })
    })
    return { promise, abort: () => this.calls.get(id)?.reject(signal.reason) }
  }

  private startedWorker(): Worker {
    if (!this.worker) {
      const worker = new Worker(new URL('./builtin.worker.js', import.meta.url))
      worker.on('message', (reply: WorkerReply) => this.receive(reply))
      worker.on('error', (cause) => this.lose(worker, cause))
      worker.on('exit', () => this.lose(worker))
      this.worker = worker
    }
    this.worker.ref()
    return this.worker
  }

  /** A reply to an aborted call matches no pending call and is dropped. */
  private receive({ id, components }: WorkerReply): void {
    const { dimensions } = this
    const vectors = Array.from({ length: components.length / dimensions }, (_, index) =>
      components.subarray(index * dimensions, (index + 1) * dimensions),
    )
    this.calls.get(id)?.resolve(vectors)
  }

  /** The next call starts a new worker. */
  private lose(worker: Worker, cause?: unknown): void {
    if (this.worker !== worker) return
    this.fail(new EmbedderUnavailableError('The built-in embedder stopped.', null, { cause }))
  }

  private fail(error: EmbedderUnavailableError): void {
    this.worker = null
    for (const call of this.calls.values()) call.reject(error)
    this.calls.clear()
  }
}
