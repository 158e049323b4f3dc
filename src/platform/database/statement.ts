import { Prisma } from '../../generated/prisma/client.js'

/** Statements: SQL whose values stand apart from its text. */

declare const ROW: unique symbol

/** A part of a statement, with its values apart from its text. */
export type Fragment = Prisma.Sql

/** A statement, with its values apart from its text. `Row` is what it returns: by default nothing. */
export type Statement<Row = never> = Fragment & { readonly [ROW]?: Row }

/** The only way to create a statement; its row is declared next to its text. */
export function sql<Row = never>(text: readonly string[], ...values: readonly unknown[]): Statement<Row> {
  return Prisma.sql(text, ...values)
}

export const { raw, join, empty } = Prisma
