import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openPglite } from '../../src/platform/database/pglite.open.js'
import { BUILD_MS, buildServer, builtEntry } from '../support/built.server.js'
import { TestProcess } from '../support/child.process.js'
import { TestClient } from '../support/client.js'
import { expectInvariants } from '../support/invariants.js'

const ENTRY = builtEntry('commands/quickstart.command.js')
const STEPS = [
  'Import sample conversations',
  'Import a long thread',
  'Add it to the space "Team memory"',
  'Search the space by meaning',
  'Remove the thread from the space',
  'Delete a thread for good',
  'Fill the space with the sample conversations',
]

let directory: string
let temporary: string

beforeAll(buildServer, BUILD_MS)
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-quickstart-'))
  temporary = join(directory, 'tmp')
  await mkdir(temporary)
})
afterEach(() => rm(directory, { recursive: true }))

function quickstart(words: string[], environment: Record<string, string> = {}): TestProcess {
  return new TestProcess(ENTRY, {
    directory,
    arguments: words,
    environment: { PORT: '0', TMPDIR: temporary, ...environment },
  })
}

/** The titles of the steps, shortened to what the list above has of them. */
function stepsOf(output: string): string[] {
  const titles = [...output.matchAll(/^\[\d\/7\] (.*)$/gm)].map(([, title = '']) => title)
  return titles.map((title) => STEPS.find((step) => title.startsWith(step)) ?? title)
}

test('with --exit the tour shows every step on the embedded default, ends with 0 and leaves no file', async () => {
  // Services that a `.env` or a shell names are left alone.
  await using tour = quickstart(['--exit'], {
    DATABASE_URL: 'postgres://127.0.0.1:9/none',
    REDIS_URL: 'redis://127.0.0.1:9',
    EMBEDDING_PROVIDER: 'openai',
  })

  expect(await tour.exit).toEqual({ code: 0, signal: null })
  expect(tour.errors).toBe('')
  expect(stepsOf(tour.output)).toEqual(STEPS)
  expect(tour.output).toContain('Embed: 20000 embedded, 0 skipped, 0 failed')
  expect(tour.output).toMatch(
    /"Where are the backups stored\?"\n +0\.\d\d {2}Kwame: we moved the nightly backups/,
  )
  expect(tour.output).toContain('20,000 vectors removed; vectorCount of the thread: 0')
  expect(tour.output).toMatch(/SUCCESS: .*\n.* receipt audit_/)
  expect(await readdir(directory)).toEqual(['tmp'])
  expect(await readdir(temporary)).toEqual([])
})

test('without it the server stays, with an address and a key that work, until Ctrl-C stops it with 0', async () => {
  await using tour = quickstart([])
  const invitation = await tour.printed(/^Heddle is running\.(?:.*\n)*Ctrl-C stops$/m)
  const [, url = ''] = /(http:\S+)#apiKey=/.exec(invitation) ?? []
  const [, key = ''] = /X-API-Key\): (\S+)/.exec(invitation) ?? []
  const client = new TestClient(url.replace('localhost', '127.0.0.1'), null, { 'x-api-key': key })
  const { viewer } = await client.must('Viewer')
  await using second = quickstart([])

  expect(await second.exit).toEqual({ code: 1, signal: null })
  expect(second.errors).toContain(`is in use by process ${tour.pid} at `)
  expect(await tour.kill('SIGINT')).toEqual({ code: 0, signal: null })
  expect(tour.errors).toBe('')
  // The long thread, and the samples but the one that was deleted.
  expect(viewer.organizations.edges).toMatchObject([{ node: { name: 'Personal', usage: { threads: 40 } } }])
  const { pool, close } = await openPglite({ directory: join(directory, '.heddle/database') })
  await expectInvariants(pool).finally(close)
})

test('Ctrl-C in the middle of the tour ends it with 0, and the next one goes on with what is there', async () => {
  await using first = quickstart([])
  await first.printed(/^\[3\/7\]/m)
  expect(await first.kill('SIGINT')).toEqual({ code: 0, signal: null })
  expect(stepsOf(first.output)).toEqual(STEPS.slice(0, 3))

  await using next = quickstart([])
  await next.printed(/^ +40 conversations had been imported before$/m)
})
