// Records the statements of a transaction of Heddle, and runs the same ones again for other rows.
import { randomUUID } from 'node:crypto'
import pg from 'pg'

// Ids that Heddle mints while it runs a mutation: each run has its own.
const MINTED = /\b(audit|bkfl|del|obx)_[0-9a-z]{26}\b/g

/** @returns the statements of the transaction in which a mutation leaves its audit event, from its begin to its commit */
export async function recordTransaction(work) {
  const { query } = pg.Client.prototype
  const open = new Map()
  const audited = new Set()
  let committed
  pg.Client.prototype.query = function (...given) {
    const [statement] = given
    const text = typeof statement === 'string' ? statement : statement.text
    if (text.startsWith('begin')) open.set(this, [])
    open.get(this)?.push(statement)
    if (text.includes('audit_event')) audited.add(this)
    if (text === 'commit' && audited.has(this)) committed = open.get(this)
    return query.apply(this, given)
  }
  try {
    await work()
  } finally {
    pg.Client.prototype.query = query
  }
  if (!committed) throw new Error('Nothing was committed')
  return committed
}

/** @param renamed what stands in the values instead of what was recorded */
export async function replay(pool, statements, renamed) {
  const minted = new Map()
  const mint = (id, kind) => {
    if (!minted.has(id)) minted.set(id, `${kind}_${randomUUID().replaceAll('-', '').slice(0, 26)}`)
    return minted.get(id)
  }
  const rename = (value) => {
    if (Array.isArray(value)) return value.map(rename)
    if (typeof value !== 'string') return value
    const named = Object.entries(renamed).reduce((text, [from, to]) => text.replaceAll(from, to), value)
    return named.replace(MINTED, mint)
  }
  const client = await pool.connect()
  try {
    for (const statement of statements) {
      if (typeof statement === 'string') await client.query(statement)
      else await client.query({ ...statement, values: statement.values.map(rename) })
    }
  } finally {
    client.release()
  }
}
