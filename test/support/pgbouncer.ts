import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.js'
import { findFreePort } from './free.port.js'

const PROGRAM = '/usr/sbin/pgbouncer'
// It refuses to run as root.
const NOBODY = 65_534

/** Debian's PgBouncer in front of a test's database, as it comes: it refuses parameters that it does not know. */
export class PgBouncer implements AsyncDisposable {
  private constructor(
    /** of the database, through the pooler */
    readonly url: string,
    private readonly directory: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(databaseUrl: string, mode: 'session' | 'transaction', size = 8): Promise<PgBouncer> {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: install the Debian package pgbouncer.`)
    const directory = await mkdtemp(join(tmpdir(), 'heddle-pgbouncer-'))
    const port = await findFreePort()
    const { hostname, port: target, pathname, username } = new URL(databaseUrl)
    const database = pathname.slice(1)
    const file = join(directory, 'pgbouncer.ini')
    await writeFile(
      file,
      `[databases]
${database} = host=${hostname} port=${target || 5432} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${size}
max_client_conn = 100
`,
    )
    const isRoot = process.getuid?.() === 0
    if (isRoot) for (const path of [directory, file]) await chown(path, NOBODY, NOBODY)
    const child = spawn(PROGRAM, ['--quiet', file], {
      stdio: 'ignore',
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    })
    const url = Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String(port) })
    const pooler = new PgBouncer(url.href, directory, child)
    await eventually(() => listens(port))
    return pooler
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = this.child.exitCode === null ? once(this.child, 'exit') : null
    this.child.kill('SIGKILL')
    await exit
    await rm(this.directory, { recursive: true })
  }
}

async function listens(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
}
