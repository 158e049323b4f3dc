// Runs the built server as `npm start` does, but with leases so short that nobody waits long for those of a killed one.
import { writeSync } from 'node:fs'
import { ServerResponse } from 'node:http'
import { startApp } from '../../dist/app.js'
import { loadConfig } from '../../dist/platform/config/config.js'

// What a request with this header asks for is done and committed; its reply is printed, and the process is gone.
const { end } = ServerResponse.prototype
ServerResponse.prototype.end = function (body, ...rest) {
  if (this.req.headers['x-crash-before-reply'] !== undefined) {
    writeSync(process.stdout.fd, `${body}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
  return end.call(this, body, ...rest)
}

const timings = {
  backfill: { leaseMs: 1_000, pollMs: 50, retryMs: 20 },
  purge: { leaseMs: 1_000, pollMs: 50, retryMs: 20 },
  outbox: { leaseMs: 1_000, pollMs: 50, backoff: { baseMs: 20, maxMs: 100 } },
}
const app = await startApp(loadConfig(), { timings })
process.once('SIGTERM', () => app.stop())
process.stdout.write(`${app.url}\n`)
