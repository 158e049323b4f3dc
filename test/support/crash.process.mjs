// Runs the built server as `npm start` does, but with leases so short that nobody waits long for those of a killed one.
import { startApp } from '../../dist/app.js'
import { loadConfig } from '../../dist/platform/config.js'

const backfill = { leaseMs: 1_000, pollMs: 50, retryMs: 20 }
const app = await startApp(loadConfig(), { timings: { backfill } })
process.once('SIGTERM', () => app.stop())
process.stdout.write(`${app.url}\n`)
