import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startTestApp } from '../../support/app.js'
import { testServerUrl } from '../../support/database.js'
import { eventually } from '../../support/eventually.js'

/** What takes too long, in Heddle or at its client. */

const MEBIBYTE = 1024 * 1024
// More than the two ends of a connection hold between them.
const MESSAGES = 14

// PGlite has one connection: who holds a lock there, holds everything.
test.runIf(testServerUrl())(
  'an operation that takes too long is answered, and nothing more of it is begun',
  async () => {
    await using app = await startTestApp({ environment: { OPERATION_TIMEOUT_SECONDS: '3' } })
    const owner = await app.seed.user()
    await owner.must('{ viewer { id } }')
    const holder = await app.pool.connect()
    await holder.query('begin')
    await holder.query('lock table organization in access exclusive mode')

    const reply = await owner.run(
      'mutation { a: createOrganization(name: "A") { __typename } b: createOrganization(name: "B") { __typename } }',
    )

    await holder.query('rollback')
    holder.release()
    expect(reply.status).toBe(503)
    expect(reply).toFailWith({ code: 'SERVICE_UNAVAILABLE', systemMessage: 'Operation took too long' })
    await eventually(async () => {
      const { rows } = await app.pool.query(`select name from organization where name in ('A', 'B')`)
      expect(rows).toEqual([{ name: 'A' }])
    })
  },
)

test('a client that does not read its reply loses its connection', async () => {
  await using app = await startTestApp({ environment: { WRITE_TIMEOUT_SECONDS: '1' } })
  const thread = await app.seed.thread()
  for (let count = 0; count < MESSAGES; count++) await app.seed.messages(thread, ['x'.repeat(MEBIBYTE)])
  const body = JSON.stringify({
    query: `{ thread(id: "${thread.id}") { messages(first: 100) { edges { node { content } } } } }`,
  })
  const { host, hostname, port } = new URL(app.url)
  const headers = Object.entries({
    ...thread.owner.headers,
    host,
    'content-type': 'application/json',
    accept: 'application/json',
    'content-length': String(body.length),
  })
  const socket = connect(Number(port), hostname)
  let isCut = false
  socket.on('error', () => {
    isCut = true
  })
  socket.pause()
  socket.write(
    `POST /graphql HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`,
  )

  // Who does not read hears of the end only by writing.
  await eventually(() => {
    socket.write('\r\n')
    expect(isCut).toBe(true)
  })
  socket.destroy()
})
