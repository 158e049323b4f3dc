// Takes the data directory named in its argument each time its parent tells it to, and says how that went.
import { register } from 'node:module'

register('./typescript.loader.mjs', import.meta.url)
const { acquireDataLock } = await import('../../src/platform/database/data.lock.js')

const [, , dataDir] = process.argv

process.on('message', async () => {
  try {
    const lock = await acquireDataLock(dataDir)
    await lock.announce({ url: 'http://localhost:4000' })
    process.send('taken')
  } catch (error) {
    process.send(error.message)
  }
})
process.send('ready')
