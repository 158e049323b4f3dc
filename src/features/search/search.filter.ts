import type { MessageRole } from '../../generated/prisma/enums.js'
import { invalid } from '../../platform/errors.js'
import { requireId } from '../../platform/ids.js'
import { requireOptionalTime } from '../../platform/validate.js'

/** Which messages are searched; null: all. */
export interface SearchFilter {
  readonly threadIds: readonly string[] | null
  readonly roles: readonly MessageRole[] | null
  /** at or after */
  readonly createdFrom: Date | null
  /** before */
  readonly createdBefore: Date | null
}

const MAX_THREADS = 1_000

/** A filter as sent by a client. */
export type SearchFilterValues = { readonly [Name in keyof SearchFilter]?: SearchFilter[Name] | undefined }

export function requireFilter(values: SearchFilterValues | null | undefined): SearchFilter {
  const threadIds = values?.threadIds ?? null
  if (threadIds && threadIds.length > MAX_THREADS) {
    throw invalid(`Invalid threadIds. Name at most ${MAX_THREADS.toLocaleString('en')} threads.`, {
      count: threadIds.length,
    })
  }
  return {
    threadIds: threadIds?.map((id) => requireId('threadIds', id)) ?? null,
    roles: values?.roles ?? null,
    createdFrom: requireOptionalTime('createdFrom', values?.createdFrom),
    createdBefore: requireOptionalTime('createdBefore', values?.createdBefore),
  }
}
