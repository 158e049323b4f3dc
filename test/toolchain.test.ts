import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** Proves that the tools catch what they are there for, on mistakes planted outside the tree. */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
const FLOATING_PROMISES = join(ROOT, 'scripts/floating-promises.mjs')

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'heddle-toolchain-'))
  copyFileSync(join(ROOT, 'biome.json'), join(directory, 'biome.json'))
  copyFileSync(join(ROOT, '.gitignore'), join(directory, '.gitignore'))
  const tsconfig = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { typeRoots: [join(ROOT, 'node_modules/@types')] },
    include: ['*.ts'],
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(tsconfig))
})
afterEach(() => rmSync(directory, { recursive: true }))

function plant(text: string): void {
  writeFileSync(join(directory, 'planted.ts'), text)
}

function run(...words: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, words, { cwd: directory }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    )
  })
}

const write = (statement: string) => `
interface Transaction {
  message: { create(): Promise<void> }
}
interface Database {
  transaction(work: (tx: Transaction) => Promise<void>): Promise<void>
}

export async function append(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    ${statement}
    await tx.message.create()
  })
}
`

test('the linter refuses a write inside a transaction that nobody waits for, and passes the same with await', async () => {
  plant(write('tx.message.create()'))
  const refused = await run(BIOME, 'lint', '--colors=off')
  expect(refused.output).toContain('planted.ts:11:5 lint/nursery/noFloatingPromises')
  expect(refused.code).toBe(1)

  plant(write('await tx.message.create()'))
  const passed = await run(BIOME, 'lint', '--error-on-warnings')
  expect(passed).toEqual({ code: 0, output: expect.stringContaining('No fixes applied') })
})

const prismaWrite = (body: string) => `
import type { Prisma } from '${join(ROOT, 'src/generated/prisma/client.js')}'
import type { Transaction } from '${join(ROOT, 'src/platform/database/database.js')}'

export async function rename(tx: Transaction, prisma: Prisma.TransactionClient, ids: string[]) {
  ${body}
}
`

test("a write through Prisma's client that nobody waits for is refused, whichever way it was reached", async () => {
  plant(
    prismaWrite(`
    tx.prisma.thread.update({ where: { id: 'a' }, data: { title: 'b' } })
    prisma.$executeRaw\`select 1\`
    ids.forEach((id) => prisma.thread.delete({ where: { id } }))
    ids.length > 0 && prisma.thread.count()
    ids.map((id) => prisma.thread.delete({ where: { id } }))`),
  )
  const { code, output } = await run(FLOATING_PROMISES)
  expect(output.match(/planted\.ts:\d+/g)).toEqual([7, 8, 9, 10, 11].map((line) => `planted.ts:${line}`))
  expect(code).toBe(1)
})

test('the same writes pass when they are awaited, returned, handled or given up with void', async () => {
  plant(
    prismaWrite(`
    await tx.prisma.thread.update({ where: { id: 'a' }, data: { title: 'b' } })
    prisma.thread.count().catch(() => 0)
    void prisma.thread.count()
    let last: Promise<number>
    last = prisma.thread.count()
    return Promise.all([last, ...ids.map((id) => prisma.thread.delete({ where: { id } }))])`),
  )
  expect(await run(FLOATING_PROMISES)).toEqual({ code: 0, output: '' })
})
