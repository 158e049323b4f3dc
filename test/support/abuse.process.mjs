// Runs the built server as `npm start` does, and says on request how much memory is left in use.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startApp } from '../../dist/app.js'
import { loadConfig } from '../../dist/platform/config/config.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const app = await startApp(loadConfig())
process.once('SIGTERM', () => app.stop())
process.on('SIGUSR2', () => {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`memory ${heapUsed + external}\n`)
})
process.stdout.write(`${app.url}\n`)
