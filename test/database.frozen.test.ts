import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestApp } from './support/app.js'
import { BUILD_MS, buildServer, builtEntry } from './support/built.server.js'
import { TestProcess } from './support/child.process.js'
import { TestClient } from './support/client.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from './support/database.js'
import { DatabaseProxy } from './support/database.proxy.js'
import { eventually } from './support/eventually.js'
import { expectInvariants } from './support/invariants.js'
import { JWT_SECRET, signToken } from './support/tokens.js'

/** Rules of nodes of which one is frozen, or waits for a silent PostgreSQL when it is to end. */

const USAGE_LOCK = 43
// More than a node has connections.
const WRITES = 25

vi.setConfig({ testTimeout: 120_000 })

describe.runIf(testServerUrl())('on PostgreSQL', () => {
  let directory: string
  let database: TestDatabase
  let proxy: DatabaseProxy

  beforeAll(async () => {
    await buildServer()
    directory = await mkdtemp(join(tmpdir(), 'heddle-frozen-'))
  }, BUILD_MS)
  afterAll(() => rm(directory, { recursive: true }))
  beforeEach(async () => {
    database = await openTestDatabase()
    proxy = await DatabaseProxy.open(database.url as string)
  })
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]()
    await database.close()
  })

  function run(environment: Record<string, string> = {}): TestProcess {
    const given = { PORT: '0', DATABASE_URL: proxy.url, JWT_SECRET, ...environment }
    return new TestProcess(builtEntry('main.js'), { directory, environment: given })
  }

  async function clientOf(server: TestProcess, userId: string): Promise<TestClient> {
    const [url] = /http:\S+/.exec(await server.firstLine()) ?? ['']
    const authorization = `Bearer ${await signToken({ sub: userId })}`
    return new TestClient(url.replace('localhost', '127.0.0.1'), userId, { authorization })
  }

  test('a node that freezes in the middle of a transaction holds up nobody for long, and goes on when it thaws', async () => {
    // As in production, where who waits for a lock lets others read before it waits again.
    const environment = { DATABASE_LOCK_TIMEOUT_SECONDS: undefined }
    await using app = await startTestApp({ database, environment })
    const { id: organizationId, owner } = await app.seed.organization()
    await using frozen = run()
    const client = await clientOf(frozen, owner.userId as string)
    const create = (from: TestClient) => from.run('CreateThread', { input: { organizationId } })
    // It has locked the organization's usage when it waits for this lock, behind which it is frozen.
    await database.pool.query(`
      create function wait_in_usage() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock_shared(${USAGE_LOCK}); return null; end $$;
      create trigger wait_in_usage after update on usage for each row execute function wait_in_usage()`)
    const holder = await database.pool.connect()
    await holder.query('select pg_advisory_lock($1)', [USAGE_LOCK])
    const lost = create(client)
    await eventually(async () => {
      const { rows } = await holder.query(
        `select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted`,
        [USAGE_LOCK],
      )
      expect(rows).toHaveLength(1)
    })
    process.kill(frozen.pid, 'SIGSTOP')
    await holder.query('select pg_advisory_unlock($1)', [USAGE_LOCK])
    holder.release()

    const writing = Promise.all(Array.from({ length: WRITES }, () => create(owner)))
    await owner.must('Threads', { organizationId })
    const written = await writing
    process.kill(frozen.pid, 'SIGCONT')

    for (const { errors } of written) expect(errors).toBeUndefined()
    expect(await lost).toFailWith({ code: 'SERVICE_UNAVAILABLE', status: 503 })
    expect(await create(client)).toMatchObject({ status: 200 })
    await expectInvariants(database.pool)
  })

  test('SIGTERM ends a node with 0 within its time while its database is silent', async () => {
    await using server = run()
    const client = await clientOf(server, 'user_1')
    await client.must('Viewer')

    proxy.silence()
    const exit = await server.kill('SIGTERM')

    expect(exit).toEqual({ code: 0, signal: null })
  })

  test('SIGTERM ends a node with 0 that waits for its database at its start', async () => {
    proxy.cut()
    await using server = run()
    await eventually(() => expect(server.errors).toContain('waiting for it'))

    const exit = await server.kill('SIGTERM')

    expect(exit).toEqual({ code: 0, signal: null })
    expect(server.output).toBe('')
  })
})
