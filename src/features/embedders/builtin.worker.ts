import { readFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { WordVectors } from './word.vectors.js'

/** The worker thread of the built-in embedder: keeps computation off the event loop. */

export interface WorkerRequest {
  id: number
  texts: readonly string[]
}

export interface WorkerReply {
  id: number
  /** all vectors concatenated; their memory is transferred, not copied */
  components: Float32Array<ArrayBuffer>
}

if (!parentPort) throw new Error('The built-in embedder runs in a worker thread.')
const port = parentPort
const wordVectors = WordVectors.parse(
  readFileSync(new URL('../../../assets/word-vectors.bin', import.meta.url)),
)

port.on('message', ({ id, texts }: WorkerRequest) => {
  const components = new Float32Array(texts.length * wordVectors.dimensions)
  for (const [index, text] of texts.entries()) {
    components.set(wordVectors.embed(text), index * wordVectors.dimensions)
  }
  port.postMessage({ id, components } satisfies WorkerReply, [components.buffer])
})
