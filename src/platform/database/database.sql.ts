import { sql } from './database.js'

/** Any answer will do. */
export const ping = () => sql<{ answer: number }>`select 1 as answer`
