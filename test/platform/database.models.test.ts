import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Database, sql, type Transaction } from '../../src/platform/database/database.js'
import { toHeddleError } from '../../src/server/error.causes.js'
import { openTestDatabase, type TestDatabase, testServerUrl } from '../support/database.js'
import { recordStatements } from '../support/statements.js'

let database: TestDatabase
let db: Database

beforeAll(async () => {
  database = await openTestDatabase()
  db = new Database(database.pool)
})
afterAll(async () => {
  await db.close()
  await database.close()
})
beforeEach(() => db.query(sql`truncate organization, "user" cascade`))

const LOOM = { data: { id: 'org_1', name: 'Loom' } }
const ANNA = { userId: 'anna', role: 'OWNER' } as const

async function names(): Promise<string[]> {
  const rows = await db.query(sql<{ name: string }>`select name from organization order by name`)
  return rows.map(({ name }) => name)
}

/** A write of several models. */
const createWithMember = (tx: Transaction, userId = 'anna') =>
  tx.prisma.organization.create({
    data: { id: `org_of_${userId}`, name: userId, members: { create: { ...ANNA, userId } } },
  })

describe('models in a transaction', () => {
  test('see what its statements wrote, and its statements what they wrote', async () => {
    await db.transaction(async (tx) => {
      await tx.query(sql`insert into "user" (id) values ('anna')`)
      await tx.prisma.organization.create(LOOM)
      await tx.prisma.member.create({ data: { organizationId: 'org_1', ...ANNA } })
      expect(await tx.query(sql`select name from organization`)).toEqual([{ name: 'Loom' }])
    })

    expect(await names()).toEqual(['Loom'])
  })

  test('are rolled back with it', async () => {
    const refused = db.transaction(async (tx) => {
      await tx.prisma.organization.create(LOOM)
      throw new Error('refused')
    })

    await expect(refused).rejects.toThrow('refused')
    expect(await names()).toEqual([])
  })

  test('are one statement each, on its connection', async () => {
    const { texts } = await recordStatements(() =>
      db.transaction(async (tx) => {
        await tx.prisma.organization.create(LOOM)
        await tx.prisma.organization.update({ where: { id: 'org_1' }, data: { name: 'Weft' } })
        await tx.prisma.organization.updateMany({ where: { name: 'Weft' }, data: { name: 'Warp' } })
        await tx.prisma.user.upsert({
          where: { id: 'anna' },
          create: { id: 'anna' },
          update: { name: 'Anna' },
        })
        const member = { organizationId: 'org_1', userId: 'anna' }
        await tx.prisma.member.upsert({
          where: { organizationId_userId: member },
          create: { ...member, role: 'OWNER' },
          update: { role: 'OWNER' },
        })
        await tx.prisma.member.delete({ where: { organizationId_userId: member } })
        await tx.prisma.organization.deleteMany({ where: { name: 'Warp' } })
        await tx.prisma.organization.findFirst({ where: { id: 'org_1' } })
      }),
    )

    expect(texts.map((text) => text.split(' ')[0]?.toLowerCase()).join(' ')).toBe(
      'begin; insert update update insert insert delete delete select commit',
    )
  })

  test('that are called at once are done one after the other', async () => {
    await db.transaction(async (tx) => {
      await tx.prisma.user.createMany({ data: [{ id: 'anna' }, { id: 'bert' }] })
      await Promise.all([
        createWithMember(tx),
        tx.prisma.organization.create(LOOM),
        tx.query(sql`insert into organization (id, name) values ('org_2', 'Warp')`),
        createWithMember(tx, 'bert'),
      ])
    })

    expect(await names()).toEqual(['Loom', 'Warp', 'anna', 'bert'])
  })

  test('of two transactions at once stay with their own', async () => {
    const create = (id: string) =>
      db.transaction(async (tx) => {
        await tx.prisma.organization.create({ data: { id, name: id } })
        await Promise.all([tx.prisma.organization.count(), tx.prisma.organization.findMany()])
        if (id === 'org_9') throw new Error('refused')
        await tx.prisma.organization.update({ where: { id }, data: { name: `${id} of its own` } })
      })

    const ended = await Promise.allSettled([create('org_1'), create('org_9'), create('org_2')])

    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await names()).toEqual(['org_1 of its own', 'org_2 of its own'])
  })

  test('are refused once it has ended, and in another one', async () => {
    let ended: Transaction | undefined
    let models: Transaction['prisma'] | undefined
    let end: () => void = () => undefined
    const committed = new Promise<void>((resolve) => {
      end = resolve
    })
    let late: Promise<unknown> | undefined
    await db.transaction(async (tx) => {
      ended = tx
      models = tx.prisma
      const { organization } = tx.prisma
      late = committed.then(() => organization.create(LOOM))
    })
    end()

    await expect(late).rejects.toThrow('has ended')
    expect(() => ended?.prisma).toThrow('has ended')
    await expect(ended?.query(sql`select 1`)).rejects.toThrow('has ended')
    await expect(models?.organization.create(LOOM)).rejects.toThrow('has ended')
    expect(await names()).toEqual([])
  })
})

describe('a write of several models', () => {
  beforeEach(() => db.query(sql`insert into "user" (id) values ('anna')`))

  test('is committed with the transaction', async () => {
    await db.transaction((tx) => createWithMember(tx))

    expect(await db.query(sql`select user_id from member`)).toEqual([{ user_id: 'anna' }])
  })

  test('is rolled back with the transaction', async () => {
    const refused = db.transaction(async (tx) => {
      await createWithMember(tx)
      throw new Error('refused')
    })

    await expect(refused).rejects.toThrow('refused')
    expect(await names()).toEqual([])
  })

  test('that fails takes back what it wrote and nothing else, and the transaction goes on', async () => {
    await db.transaction(async (tx) => {
      await tx.prisma.organization.create(LOOM)
      const [failed] = await Promise.allSettled([
        createWithMember(tx, 'nobody'),
        tx.query(sql`insert into organization (id, name) values ('org_2', 'Warp')`),
      ])
      expect(failed.status).toBe('rejected')
      await createWithMember(tx)
    })

    expect(await names()).toEqual(['Loom', 'Warp', 'anna'])
  })
})

describe('an error of a model', () => {
  const fail = (write: (tx: Transaction) => Promise<unknown>) =>
    db
      .transaction(async (tx) => {
        await tx.prisma.organization.create(LOOM)
        await write(tx)
      })
      .then(() => null, toHeddleError)
  const insert = sql`insert into organization (id, name) values ('org_1', 'Loom')`
  const orphan = { organizationId: 'org_1', userId: 'nobody', role: 'OWNER' } as const

  test('is told as that of the same statement is', async () => {
    const unique = await fail((tx) => tx.prisma.organization.create(LOOM))
    expect(unique).toEqual(await fail((tx) => tx.query(insert)))
    expect(unique?.code).toBe('CONFLICT')

    const foreign = await fail((tx) => tx.prisma.member.create({ data: orphan }))
    expect(foreign?.code).toBe('INTERNAL_SERVER_ERROR')

    const missing = await fail((tx) => tx.prisma.organization.delete({ where: { id: 'org_none' } }))
    expect(missing?.code).toBe('INTERNAL_SERVER_ERROR')

    const unstorable = await fail((tx) =>
      tx.prisma.organization.create({ data: { id: 'org_2', name: 'a\0b' } }),
    )
    expect(unstorable?.code).toBe('VALIDATION_ERROR')
  })

  test('leaves nothing of its transaction', async () => {
    await fail((tx) => tx.prisma.member.create({ data: orphan }))

    expect(await names()).toEqual([])
  })

  test.each([
    ['40P01', 5],
    ['40001', 5],
    ['55P03', 2],
    ['57014', 1],
  ])(
    'for %s runs its transaction again as often as one of a statement, and is then no answer',
    async (code, tries) => {
      await db.query(sql`
      create or replace function refuse() returns trigger language plpgsql as $$
      begin raise 'refused' using errcode = current_setting('heddle.code'); end $$`)
      await db.query(sql`
      create or replace trigger refuse before update on organization for each row execute function refuse()`)
      const countTries = async (write: (tx: Transaction) => Promise<unknown>) => {
        let attempts = 0
        const error = await fail(async (tx) => {
          attempts++
          await tx.query(sql`select set_config('heddle.code', ${code}, true)`)
          await write(tx)
        })
        return { attempts, code: error?.code }
      }

      const expected = { attempts: tries, code: 'SERVICE_UNAVAILABLE' }
      const data = { name: 'Weft' }
      expect(await countTries((tx) => tx.query(sql`update organization set name = 'Weft'`))).toEqual(expected)
      expect(await countTries((tx) => tx.prisma.organization.updateMany({ data }))).toEqual(expected)
      expect(await names()).toEqual([])
    },
  )

  test('whose connection broke is no answer, and the next transaction has another one', async () => {
    if (!testServerUrl()) return
    const broken = await fail(async (tx) => {
      const [session] = await tx.query(sql<{ pid: number }>`select pg_backend_pid() as pid`)
      await db.query(sql`select pg_terminate_backend(${session?.pid}::int)`)
      await tx.prisma.organization.findMany()
    })

    expect(broken?.code).toBe('SERVICE_UNAVAILABLE')
    expect(await names()).toEqual([])
  })
})
