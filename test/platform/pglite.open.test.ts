import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPglite } from '../../src/platform/database/pglite.open.js'

let folder: string
let directory: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-pglite-'))
  directory = join(folder, 'data', 'database')
})
afterEach(() => rm(folder, { recursive: true }))

test('what was written is there after a stop and a start, and a first start that was cut short is not', async () => {
  await mkdir(`${directory}.new`, { recursive: true })
  await writeFile(join(`${directory}.new`, 'PG_VERSION'), 'half of a database')
  const before = process.exitCode

  const first = await openPglite({ directory })
  await first.pool.query(`create table kept as select '[1,2]'::text as vector`)
  await first.close()
  const second = await openPglite({ directory })
  await second.pool.query('create extension if not exists vector')
  const { rows } = await second.pool.query('select vector::halfvec(2)::text as vector from kept')
  await second.close()

  expect(rows).toEqual([{ vector: '[1,2]' }])
  expect(await readdir(join(folder, 'data'))).toEqual(['database'])
  expect(process.exitCode).toBe(before)
})

test('an empty directory is filled, and one with files of another kind is left alone', async () => {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'photo.jpg'), '')

  await expect(openPglite({ directory })).rejects.toThrow(
    `${directory} contains files that do not belong to a database`,
  )
  expect(await readdir(directory)).toEqual(['photo.jpg'])

  await rm(join(directory, 'photo.jpg'))
  const { close } = await openPglite({ directory })
  await close()
  expect(await readdir(directory)).toContain('PG_VERSION')
})
