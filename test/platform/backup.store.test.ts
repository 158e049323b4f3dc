import {
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BackupStore, isIntact } from '../../src/platform/backup/backup.store.js'
import { DirectoryBackupStore } from '../../src/platform/backup/directory.backup.store.js'
import { S3BackupStore } from '../../src/platform/backup/s3.backup.store.js'
import { sha256 } from '../../src/platform/ids.js'
import { type FakeS3Endpoint, startS3Endpoint } from '../support/s3.endpoint.js'

const MEBIBYTE = 1024 * 1024

let directory: string
let endpoint: FakeS3Endpoint

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-backups-'))
  endpoint = await startS3Endpoint()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await endpoint.close()
  await rm(directory, { recursive: true })
})

const openDirectory = () => new DirectoryBackupStore(join(directory, 'backups'))
const openBucket = () =>
  new S3BackupStore({
    endpoint: endpoint.url,
    bucket: 'threads',
    region: 'us-east-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  })

describe.each<[string, () => BackupStore]>([
  ['a directory', openDirectory],
  ['an S3-compatible store', openBucket],
])('%s', (_, openStore) => {
  test('gives back the bytes it was given, and tells how many lines and which checksum they have', async () => {
    const store = openStore()
    const written = await store.write('one.jsonl', linesOf('{"a":1}', '{"b":"Größe 🧵"}'))

    const text = '{"a":1}\n{"b":"Größe 🧵"}\n'
    expect(await readText(store, written.location)).toBe(text)
    expect(written).toMatchObject({ lines: 2, sha256: sha256(text) })
    expect(await isIntact(store, written)).toBe(true)
  })

  test('holds nothing after a removal, and a second removal is as good as one', async () => {
    const store = openStore()
    const { location } = await store.write('one.jsonl', linesOf('{}'))

    await store.remove(location)
    await store.remove(location)

    await expect(readText(store, location)).rejects.toThrow()
  })

  test.each(['../one.jsonl', 'a/b.jsonl', '.hidden.jsonl', 'one', 'a\0.jsonl', ''])(
    'takes no name that could lead elsewhere: %j',
    async (name) => {
      await expect(openStore().write(name, linesOf('{}'))).rejects.toThrow('may contain letters')
    },
  )

  test.each(['', 'directory:', 's3:', 'directory:../one.jsonl', 's3:../one.jsonl', 'file:one.jsonl'])(
    'reads and removes nothing at a location that it has not given: %j',
    async (location) => {
      const store = openStore()
      await expect(store.remove(location)).rejects.toThrow()
      await expect(readText(store, location)).rejects.toThrow()
    },
  )

  test('keeps nothing of a text that fails on the way', async () => {
    const store = openStore()
    await expect(store.write('one.jsonl', failing())).rejects.toThrow('The database is gone')

    expect(endpoint.objects.size).toBe(0)
    expect(await readdir(join(directory, 'backups')).catch(() => [])).toEqual([])
  })
})

describe('a directory', () => {
  test('is made for its owner alone, and so is each backup', async () => {
    await openDirectory().write('one.jsonl', linesOf('{}'))

    expect((await stat(join(directory, 'backups'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, 'backups', 'one.jsonl'))).mode & 0o777).toBe(0o600)
  })

  test('that cannot be written refuses, and leaves nothing', async () => {
    await writeFile(join(directory, 'file'), '')
    const store = new DirectoryBackupStore(join(directory, 'file'))

    await expect(store.write('one.jsonl', linesOf('{}'))).rejects.toThrow('EEXIST')
  })

  test('on a disk that is full refuses, and leaves nothing', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    vi.spyOn(await fileHandles(), 'appendFile').mockRejectedValue(full)

    await expect(openDirectory().write('one.jsonl', linesOf('{}'))).rejects.toBe(full)
    expect(await readdir(join(directory, 'backups'))).toEqual([])
  })

  test('loses what a writer left that was killed on the way, and nothing that is written or kept', async () => {
    const store = openDirectory()
    await store.removeUnfinished()
    await store.write('one.jsonl', linesOf('{}'))
    const place = (name: string) => join(directory, 'backups', name)
    const [left, current] = [1, 2].map((n) => `two.jsonl.${'0'.repeat(35)}${n}.part`)
    for (const name of [left, current, 'other.part']) await writeFile(place(`${name}`), '{}')
    const twoHoursAgo = Date.now() / 1_000 - 7_200
    for (const name of [left, 'one.jsonl', 'other.part'])
      await utimes(place(`${name}`), twoHoursAgo, twoHoursAgo)

    await store.removeUnfinished()

    expect(await readdir(join(directory, 'backups'))).toEqual(['one.jsonl', 'other.part', current])
  })

  test('that has changed what it was given is found out', async () => {
    const store = openDirectory()
    const written = await store.write('one.jsonl', linesOf('{"a":1}', '{"b":2}'))
    const path = join(directory, 'backups', 'one.jsonl')
    await writeFile(path, (await readFile(path, 'utf8')).replace('2', '3'))

    expect(await isIntact(store, written)).toBe(false)
  })
})

describe('an S3-compatible store', () => {
  test('gets a small text in one request and a large one in parts', async () => {
    const store = openBucket()
    await store.write('small.jsonl', linesOf('{}'))
    await store.write('large.jsonl', linesOf(...Array(9).fill('x'.repeat(MEBIBYTE))))

    expect(endpoint.actions).toEqual(['put', 'uploads', 'part', 'part', 'complete'])
    expect([...endpoint.objects.keys()]).toEqual(['threads/small.jsonl', 'threads/large.jsonl'])
  })

  test('gets a text of many megabytes while it is read, and no more of it is read ahead than a part', async () => {
    const store = openBucket()
    let given = 0
    async function* many() {
      for (; given < 30; given++) yield 'x'.repeat(MEBIBYTE)
    }
    const leads: number[] = []
    endpoint.before = async (action) => {
      const parts = endpoint.actions.filter((earlier) => earlier === 'part').length
      if (action === 'part') leads.push(given - 8 * parts)
    }

    const written = await store.write('large.jsonl', many())

    expect(written.lines).toBe(30)
    expect(await isIntact(store, written)).toBe(true)
    expect(Math.max(...leads)).toBeLessThan(4)
  })

  test('is asked again when it fails for a moment', async () => {
    endpoint.fail('put', 500, 1)
    const written = await openBucket().write('one.jsonl', linesOf('{}'))

    expect(await isIntact(openBucket(), written)).toBe(true)
  })

  test.each(['part', 'complete'] as const)(
    'that refuses a %s is left without an upload that nobody ends',
    async (action) => {
      endpoint.fail(action, 403)
      const lines = linesOf(...Array(20).fill('x'.repeat(MEBIBYTE)))

      await expect(openBucket().write('large.jsonl', lines)).rejects.toThrow('Refused by the test')
      expect(endpoint.actions).toContain('abort')
      expect(endpoint.openUploads).toBe(0)
    },
  )
})

async function* linesOf(...lines: string[]): AsyncGenerator<string> {
  yield* lines
}

async function* failing(): AsyncGenerator<string> {
  yield '{}'
  throw new Error('The database is gone')
}

async function readText(store: BackupStore, location: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of store.read(location)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** What every open file inherits from. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await open(directory, 'r')
  await handle.close()
  return Object.getPrototypeOf(handle)
}
