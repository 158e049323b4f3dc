import { sql } from '../../src/platform/database/database.js'

const selectHidden = () => sql<{ id: string }>`select id from thread`

/** Its row is declared by a function that nobody else can call: the check could not describe it. */
export const textOfHidden = (): string => selectHidden().text
