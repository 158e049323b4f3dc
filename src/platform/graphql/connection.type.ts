import { type ClassType, Field, Int, ObjectType } from 'type-graphql'
import { cutPage, type Page, type Position, writeCursor } from './page.js'

/** GraphQL types of paginated lists. Source: the GraphQL Cursor Connections Specification. */

@ObjectType({ description: 'Position of a page in its list.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more entries follow.' })
  readonly hasNextPage!: boolean

  @Field(() => String, {
    nullable: true,
    description:
      'Cursor of the last entry on this page: pass it as `after` to get the next page. Null on an empty page.',
  })
  readonly endCursor!: string | null

  @Field(() => Boolean, {
    description: 'Whether the page was requested with `after`. Paging backward is not supported.',
  })
  readonly hasPreviousPage!: boolean

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the first entry on this page; null on an empty page.',
  })
  readonly startCursor!: string | null
}

/** Base class for the edges of a list of `node`. */
export function EdgeOf<Node extends object>(node: () => ClassType<Node>) {
  @ObjectType()
  abstract class Edge {
    @Field(() => String, {
      description: 'Position of this entry in the list; pass it as `after` to start a page behind it.',
    })
    readonly cursor!: string

    @Field(node, { description: 'The entry itself.' })
    readonly node!: Node
  }
  return Edge
}

/** Base class for a page of `edge`. */
export function ConnectionOf<Edge extends object>(edge: () => ClassType<Edge>) {
  @ObjectType()
  abstract class Connection {
    @Field(() => [edge()], { description: 'Entries on this page, in the order of the list.' })
    readonly edges!: Edge[]

    @Field(() => PageInfo, { description: 'Whether there are more pages, and how to request them.' })
    readonly pageInfo!: PageInfo
  }
  return Connection
}

/** Base class for a page that can tell the length of its list. */
export function CountedConnectionOf<Edge extends object>(edge: () => ClassType<Edge>) {
  @ObjectType()
  abstract class CountedConnection extends ConnectionOf(edge) {
    readonly count!: () => Promise<number>

    @Field(() => Int, {
      description: 'Number of entries in the whole list; counted only if requested.',
      // Its complexity: counting visits every entry of the list.
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

/** Drops the extra row that was read to detect a next page, and adds a cursor to each remaining one. */
export function toConnection<Row>(
  rows: Row[],
  page: Page,
  positionOf: (row: Row) => Position,
): ConnectionPage<{ cursor: string; node: Row }> {
  return toEdges(rows, page, positionOf, (row) => ({ node: row }))
}

/** The same for an edge with more fields than its node. */
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
