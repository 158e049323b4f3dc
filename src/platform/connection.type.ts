import { type ClassType, Field, Int, ObjectType } from 'type-graphql'
import { cutPage, type Page, type Position, writeCursor } from './page.js'

/** The GraphQL classes of lists. Source: the GraphQL Cursor Connections Specification. */

@ObjectType({ description: 'Where a page of a list ends.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more entries follow.' })
  readonly hasNextPage!: boolean

  @Field(() => String, {
    nullable: true,
    description: 'Pass it as `after` to get the next page; null on an empty page.',
  })
  readonly endCursor!: string | null

  @Field(() => Boolean, { description: 'Whether the page was reached with `after`.' })
  readonly hasPreviousPage!: boolean

  @Field(() => String, {
    nullable: true,
    description: 'The first entry of this page; null on an empty page.',
  })
  readonly startCursor!: string | null
}

/** A base for the edges of a list of `node`. */
export function EdgeOf<Node extends object>(node: () => ClassType<Node>) {
  @ObjectType()
  abstract class Edge {
    @Field(() => String, { description: 'Where this entry stands in the list.' })
    readonly cursor!: string

    @Field(node, { description: 'The entry.' })
    readonly node!: Node
  }
  return Edge
}

/** A base for a page of `edge`. */
export function ConnectionOf<Edge extends object>(edge: () => ClassType<Edge>) {
  @ObjectType()
  abstract class Connection {
    @Field(() => [edge()], { description: 'The entries of this page.' })
    readonly edges!: Edge[]

    @Field(() => PageInfo, { description: 'Where this page ends.' })
    readonly pageInfo!: PageInfo
  }
  return Connection
}

/** A base for a page that can tell how long its list is, counted only when asked. */
export function CountedConnectionOf<Edge extends object>(edge: () => ClassType<Edge>) {
  @ObjectType()
  abstract class CountedConnection extends ConnectionOf(edge) {
    readonly count!: () => Promise<number>

    @Field(() => Int, {
      description: 'Entries in the whole list; counted only when asked for.',
      // The list takes what is in it as often as it has entries.
      complexity: 1,
    })
    totalCount(): Promise<number> {
      return this.count()
    }
  }
  return CountedConnection
}

export interface ConnectionPage<Edge> {
  edges: Edge[]
  pageInfo: PageInfo
}

/** Cuts the row that was read to look ahead, and puts a cursor on each that stays. */
export function toConnection<Row>(
  rows: Row[],
  page: Page,
  positionOf: (row: Row) => Position,
): ConnectionPage<{ cursor: string; node: Row }> {
  return toEdges(rows, page, positionOf, (row) => ({ node: row }))
}

/** The same for an edge that says more than its node. */
export function toEdges<Row, Edge>(
  rows: Row[],
  page: Page,
  positionOf: (row: Row) => Position,
  edgeOf: (row: Row) => Edge,
): ConnectionPage<Edge & { cursor: string }> {
  const { rows: kept, hasNextPage } = cutPage(rows, page)
  const edges = kept.map((row) => ({ cursor: writeCursor(positionOf(row)), ...edgeOf(row) }))
  return {
    edges,
    pageInfo: {
      hasNextPage,
      endCursor: edges.at(-1)?.cursor ?? null,
      hasPreviousPage: page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
    },
  }
}

export const byCreation = ({ createdAt, id }: { createdAt: Date; id: string }): Position => ({
  rank: createdAt.getTime(),
  id,
})
