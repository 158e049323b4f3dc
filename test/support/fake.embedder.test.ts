import { expect, test } from 'vitest'
import { eventually } from './eventually.js'
import { FakeEmbedder } from './fake.embedder.js'
import { cosine } from './hashed.vectors.js'

const { signal } = new AbortController()

test('texts that share words are near one another', async () => {
  const [first, near, far] = await new FakeEmbedder().embed(
    ['blue whale song', 'blue whale', 'tax form'],
    signal,
  )
  if (!first || !near || !far) throw new Error('There is a vector for each text.')

  expect(cosine(first, near)).toBeGreaterThan(cosine(first, far) + 0.3)
})

test('a paused embedder answers once it resumes, and not when the call is given up or it is closed', async () => {
  const embedder = new FakeEmbedder()
  const controller = new AbortController()
  embedder.pause()
  const answered = embedder.embed(['one'], signal)
  const givenUp = expect(embedder.embed(['two'], controller.signal)).rejects.toThrow('given up')
  await eventually(() => expect(embedder.inFlight).toBe(2))

  controller.abort(new Error('given up'))
  await givenUp
  embedder.resume()
  expect(await answered).toHaveLength(1)

  embedder.pause()
  const closed = expect(embedder.embed(['three'], signal)).rejects.toThrow('The embedder is closed.')
  await embedder.close()
  await closed
  expect(embedder.calls).toEqual([['one'], ['two'], ['three']])
})

test('it fails as often as asked, and refuses the texts it is told to', async () => {
  const embedder = new FakeEmbedder()
  embedder.failNext(429, { 'retry-after': '2' }, 2)
  embedder.refuse((text) => text.includes('bad'))

  const unavailable = { name: 'EmbedderUnavailableError', retryAfterMs: 2000 }
  await expect(embedder.embed(['one'], signal)).rejects.toMatchObject(unavailable)
  await expect(embedder.embed(['one'], signal)).rejects.toMatchObject(unavailable)
  await expect(embedder.embed(['one', 'bad'], signal)).rejects.toMatchObject({
    name: 'EmbeddingRefusedError',
  })
  expect(await embedder.embed(['one'], signal)).toHaveLength(1)
})
