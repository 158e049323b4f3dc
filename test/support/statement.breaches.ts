// These run texts on pg's own client: before there is a schema, or in a session of their own. The first two are the way there.
const BARE_SESSIONS = new Set([
  'src/platform/database/statement.ts',
  'src/platform/database/database.ts',
  'src/platform/database/migrate.ts',
  'src/platform/database/pool.sessions.ts',
  'src/features/search/hnsw.worker.ts',
])
// Being rebuilt: goes with the last of what it still passes.
const REBUILT =
  /^src\/features\/(?:spaces|stores|links|reembedding|maintenance|embeddings|backfills)\/|\/(?:hnsw|vector\.search|purge\.service|purge\.run|link\.hiding|restoration\.service)\b/

/** Statements that stand outside *.sql.ts, and callers that assert a statement's row. */
export function statementBreaches(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    if (path.startsWith('src/generated/') || BARE_SESSIONS.has(path) || REBUILT.test(path)) return []
    return [
      ...(/\.query</.test(text) ? [`${path}: asserts the row of a statement`] : []),
      ...(!path.endsWith('.sql.ts') && /\bsql[<`]/.test(text) ? [`${path}: has a statement of its own`] : []),
    ]
  })
}
