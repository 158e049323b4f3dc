import { BackfillWatch } from './backfill.watch.js'
import {
  AddThreadToSpace,
  type AddThreadToSpaceData,
  type Client,
  CreateSpace,
  type CreateSpaceData,
  type Named,
  Spaces,
  type SpacesData,
} from './import.documents.js'
import { count, type Output, ProgressBar } from './progress.bar.js'

const PAGE_SIZE = 100

/** The space of that name in the organization; the first when several have it, a new one when none has. */
export async function findOrCreateSpace(
  client: Client,
  organizationId: string,
  name: string,
): Promise<Named> {
  const found = await findSpace(client, organizationId, name)
  if (found !== null) return found
  const input = { organizationId, name }
  const data = await client.run<CreateSpaceData>(CreateSpace, { input }, { repeatable: false })
  return data.createSpace.space
}

async function findSpace(client: Client, organizationId: string, name: string): Promise<Named | null> {
  let after: string | null = null
  do {
    const page: SpacesData = await client.run<SpacesData>(Spaces, {
      organizationId,
      first: PAGE_SIZE,
      after,
    })
    const { edges, pageInfo } = page.spaces
    // A public space of another organization may be listed too.
    const edge = edges.find(({ node }) => node.name === name && node.organization.id === organizationId)
    if (edge) return { id: edge.node.id, name }
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  return null
}

/** Puts threads into one space and counts what that does. */
export class SpaceLinks {
  readonly watch: BackfillWatch
  added = 0
  /** that were in the space before */
  present = 0

  constructor(
    readonly client: Client,
    readonly space: Named,
    silenceMs?: number,
  ) {
    this.watch = new BackfillWatch(client, space.id, silenceMs)
  }

  async add(threadId: string): Promise<void> {
    const variables = { spaceId: this.space.id, threadId }
    const { addThreadToSpace } = await this.client.run<AddThreadToSpaceData>(AddThreadToSpace, variables)
    const { id, ...state } = addThreadToSpace.backfill
    if (this.watch.watch(id, state)) this.added += 1
    else this.present += 1
  }
}

/** Waits for the backfills with a bar of their progress. */
export async function followBackfills(
  watch: BackfillWatch,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { totals } = watch
  if (totals.backfills === 0) return
  const bar = new ProgressBar(output, 'Embed')
  const describe = (): string =>
    `${count(totals.processed, 'message')} of ${totals.total.toLocaleString('en')}`
  await watch.finished(() => bar.update(totals.processed / Math.max(totals.total, 1), describe), signal)
  bar.finish(describe())
}
