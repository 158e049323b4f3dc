import { type Fragment, raw } from './database.js'

/**
 * The select list of a model's columns, read through a table's alias. The same object selects them in a call of the model,
 * and its type is the record's: `ThreadGetPayload<{ select: typeof selected }>`.
 */
export function columnsOf(alias: string, selected: Readonly<Record<string, unknown>>): Fragment {
  return raw(
    Object.keys(selected)
      .map((field) => `${alias}.${field.replace(/[A-Z]/g, '_$&').toLowerCase()} as "${field}"`)
      .join(', '),
  )
}
