/** Every column of a row that holds a time. */
type Times<Row> = { readonly [Column in keyof Row as Date extends Row[Column] ? Column : never]: true }

/**
 * A row from the payload of an event, in which JSON left its times as texts. Null for what another version of Heddle may
 * have published, without the columns that are required here: it is left to the next read of the row.
 */
export function reviveRow<Row extends { id: string; sequence: number }>(
  payload: unknown,
  times: Times<Row>,
  required: readonly (keyof Row & string)[] = [],
): Row | null {
  const row = payload as Record<string, unknown> | null
  if (typeof row?.id !== 'string' || typeof row.sequence !== 'number') return null
  if (required.some((name) => row[name] === undefined)) return null
  const revived = Object.keys(times).map((name) => [name, reviveTime(row[name])] as const)
  const isReadable = revived.every(([, time]) => time === null || !Number.isNaN(time.getTime()))
  return isReadable ? ({ ...row, ...Object.fromEntries(revived) } as unknown as Row) : null
}

function reviveTime(value: unknown): Date | null {
  return value === null ? null : new Date(String(value))
}
