import { afterEach, expect, test } from 'vitest'
import { createEmbedders } from '../../../src/features/embedders/embedder.create.js'
import type { Embedders } from '../../../src/features/embedders/embedders.js'

let embedders: Embedders

afterEach(() => embedders.close())

const BUILTIN = { model: 'heddle-words-100@1', dimensions: 100 }
const SMALL = { model: 'text-embedding-3-small', dimensions: 1536 }
const LARGE = { model: 'text-embedding-3-large', dimensions: 3072 }

test('the built-in model is always among the models, and that of new spaces comes first', () => {
  embedders = createEmbedders({ provider: 'builtin' })
  expect(embedders.list()).toEqual([BUILTIN])

  embedders = createEmbedders({ provider: 'openai', models: [LARGE] })
  expect(embedders.list()).toEqual([SMALL, LARGE, BUILTIN])

  embedders = createEmbedders({ provider: 'builtin', models: [LARGE, SMALL] })
  expect(embedders.list()).toEqual([BUILTIN, LARGE, SMALL])
})

test('a model that is listed and also what new spaces get is there once; another length of it is another', () => {
  const short = { ...LARGE, dimensions: 256 }
  embedders = createEmbedders({ provider: 'openai', model: LARGE.model, models: [LARGE, short] })

  expect(embedders.list()).toEqual([LARGE, short, BUILTIN])
  expect(embedders.find(short)).toMatchObject(short)
  expect(embedders.find({ ...LARGE, dimensions: 512 })).toBeNull()
})
