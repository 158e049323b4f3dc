import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTestApp } from '../../support/app.js'
import { eventually } from '../../support/eventually.js'

test('what a process left that was killed while it wrote a backup is removed by the next', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-backups-'))
  const left = join(directory, `bkup_1.jsonl.${'0'.repeat(36)}.part`)
  await writeFile(left, '{"heddle":"thread"}\n')
  const twoHoursAgo = Date.now() / 1_000 - 7_200
  await utimes(left, twoHoursAgo, twoHoursAgo)

  await using app = await startTestApp({ environment: { BACKUP_DIR: directory } })

  await eventually(async () => expect(await readdir(directory)).toEqual([]))
  expect(app.logs.complaints()).toEqual([])
  await rm(directory, { recursive: true })
})
