import { BackfillWatch } from './backfill.watch.js'
import {
  AddThreadToSpace,
  type AddThreadToSpaceData,
  type Client,
  CreateSpace,
  type CreateSpaceData,
  type FoundSpace,
  type Named,
  Spaces,
  type SpacesData,
} from './import.documents.js'
import { UsageError } from './import.organization.js'
import { count, type Output, ProgressBar } from './progress.bar.js'

const PAGE_SIZE = 100

const SPACE_ID = /^space_[0-9a-z]{26}$/

/** The space with this name or id in the organization; created if no space has the name. */
export async function chooseSpace(client: Client, organizationId: string, name: string): Promise<Named> {
  const spaces = await findSpaces(client, organizationId, name)
  const [first] = spaces
  if (spaces.length > 1) {
    const list = spaces.map(({ id, threadCount }) => `  ${id}  ${count(threadCount, 'thread')}`).join('\n')
    throw new UsageError(`Several spaces have the name "${name}". Choose one with --space ID:\n${list}`)
  }
  if (first) return first
  if (SPACE_ID.test(name)) throw new UsageError(`The organization has no space ${name} that you can see`)
  return createSpace(client, organizationId, name)
}

export async function createSpace(client: Client, organizationId: string, name: string): Promise<Named> {
  const input = { organizationId, name }
  const data = await client.run<CreateSpaceData>(CreateSpace, { input }, { repeatable: false })
  return data.createSpace.space
}

/** The spaces of the organization with that name or id. */
export async function findSpaces(
  client: Client,
  organizationId: string,
  name: string,
): Promise<FoundSpace[]> {
  const found: FoundSpace[] = []
  let after: string | null = null
  do {
    const page: SpacesData = await client.run<SpacesData>(Spaces, {
      organizationId,
      first: PAGE_SIZE,
      after,
    })
    const { edges, pageInfo } = page.spaces
    for (const { node } of edges) {
      // A public space of another organization may be listed too.
      if ((node.name === name || node.id === name) && node.organization.id === organizationId)
        found.push(node)
    }
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  return found
}

/** Adds threads to one space, and counts the results. */
export class SpaceLinks {
  readonly watch: BackfillWatch
  added = 0
  /** already in the space before */
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

/** Waits for the backfills, with a progress bar. */
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
