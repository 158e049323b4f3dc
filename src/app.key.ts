import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The API key of the embedded database, created at its first start. */
export interface StoredKey {
  key: string
  isNew: boolean
}

const KEY = /^[\x21-\x7e]{24,200}$/

/** Reads the key in the data directory, or creates one that only this user can read. */
export async function openStoredKey(dataDir: string): Promise<StoredKey> {
  const path = join(dataDir, 'api-key')
  const stored = await readKey(path)
  if (stored !== null) return { key: stored, isNew: false }
  const key = `hdl_${randomBytes(32).toString('base64url')}`
  // Written to a temporary name and then renamed: an interrupted start never leaves a partial key.
  await writeFile(`${path}.new`, `${key}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return { key, isNew: true }
}

async function readKey(path: string): Promise<string | null> {
  try {
    const key = (await readFile(path, 'utf8')).trim()
    if (KEY.test(key)) return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  throw Object.assign(
    new Error(`${path} does not contain an API key. Remove it, and the next start creates a new one.`),
    {
      code: 'EBADKEY',
    },
  )
}
