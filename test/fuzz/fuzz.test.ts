import { readFileSync } from 'node:fs'
import { buildSchema } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { Json, TestClient } from '../support/client.js'
import { randomOf } from '../support/crash.random.js'
import { DocumentGrammar } from './fuzz.documents.js'
import { sendFrames } from './fuzz.frames.js'
import { type FuzzRequest, requestOf } from './fuzz.requests.js'

/** `npm run fuzz -- --count N --seed S` runs more of them, or others. */

const COUNT = Number(process.env.HEDDLE_FUZZ_COUNT || 10_000)
const SEED = Number(process.env.HEDDLE_FUZZ_SEED || 20_261_121)
const LANES = 8
const FRAMES_A_SOCKET = 50
const FRAME_SHARE = 10

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'))

let app: TestApp
let callers: TestClient[]

beforeAll(async () => {
  const environment = {
    POINTS_PER_MINUTE: '1000000000',
    ANONYMOUS_POINTS_PER_MINUTE: '1000000000',
    OPERATION_TIMEOUT_SECONDS: '240',
  }
  app = await startTestApp({ environment })
  callers = [app.withApiKey(), app.anonymous(), await app.as('user_1')]
})
afterAll(() => app[Symbol.asyncDispose]())

/** What may never come, whatever was sent. @returns null when all is well */
function fault(status: number, type: string, body: string): string | null {
  if (status >= 500) return `status ${status}`
  if (!type.includes('json') || body === '') return null
  const { errors = [] } = JSON.parse(body) as { errors?: Json[] }
  const bare = errors.find(({ extensions }) => typeof extensions?.traceId !== 'string')
  if (bare) return `an error without an envelope: ${bare.message}`
  return errors.some(({ extensions }) => extensions.code === 'INTERNAL_SERVER_ERROR')
    ? 'an internal error'
    : null
}

async function answerOf({ path, init }: FuzzRequest): Promise<string | null> {
  try {
    const response = await fetch(`${app.url}${path}`, init)
    return fault(response.status, response.headers.get('content-type') ?? '', await response.text())
  } catch (error) {
    // A stream is left in its midst; what fetch itself will not send is not sent.
    return path.startsWith('/stream') || (error as Error).name === 'TypeError' ? null : String(error)
  }
}

test(`${COUNT} requests and frames that no client would send: each is answered, and nothing breaks`, async () => {
  process.stdout.write(`HEDDLE_FUZZ_SEED=${SEED}\n`)
  const faults: unknown[] = []
  const frames = Math.floor(COUNT / FRAME_SHARE / FRAMES_A_SOCKET)
  const requests = COUNT - frames * FRAMES_A_SOCKET

  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const random = randomOf(SEED + lane)
      const grammar = new DocumentGrammar(schema, random)
      for (let sent = lane; sent < requests; sent += LANES) {
        const request = requestOf(grammar.make(), callers, random)
        const found = await answerOf(request)
        if (found) faults.push({ found, lane, sent, ...request })
      }
      for (let socket = lane; socket < frames; socket += LANES) {
        const caller = callers[random(callers.length)] as TestClient
        const { messages, code } = await sendFrames(caller, grammar, FRAMES_A_SOCKET, random)
        if ([1006, 1011, 4500].includes(code)) faults.push({ found: `closed with ${code}`, lane, socket })
        if (JSON.stringify(messages).includes('INTERNAL_SERVER_ERROR'))
          faults.push({ lane, socket, messages })
      }
    }),
  )

  expect(faults.slice(0, 3)).toEqual([])
  expect(app.logs.complaints()).toEqual([])
  expect(await app.withApiKey().run('{ __typename }')).toMatchObject({ status: 200 })
})
