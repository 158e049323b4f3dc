import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../support/client.js'
import { inOrder, type ModelState } from './model.state.js'
import { percent, QUERY, similarityOf, textsOf } from './model.texts.js'

/** What users see of a world, as the API shows it and as the model expects it, to be compared. */

export interface Shown {
  /** every thread that is not purged */
  threads: Record<string, { messages: number; isDeleted: boolean; project: string | null }>
  /** as the list without deleted ones has them */
  live: string[]
  /** how many the two lists say there are, by organization */
  counts: { all: number; live: number }[]
  /** with their live threads */
  projects: Record<string, number>
  usage: { threads: number; projects: number; messages: number }[]
  /** with what a search by words finds in them, by the names of messages */
  spaces: Record<string, { threadCount: number; threads: string[]; texts: Record<string, string> }>
}

/** One document for all of it. Threads, spaces and projects are known by their names. */
export function observationOf(organizationIds: readonly string[], spaceIds: readonly string[]): string {
  const organizations = organizationIds.map(
    (id, index) => `
    all${index}: threads(organizationId: "${id}", first: 100, includeDeleted: true) {
      totalCount edges { node { id deletedAt messageCount project { name } } }
    }
    live${index}: threads(organizationId: "${id}", first: 100) { totalCount edges { node { id } } }
    projects${index}: projects(organizationId: "${id}", first: 100) { edges { node { name threadCount } } }`,
  )
  const spaces = spaceIds.map(
    (id, index) => `
    space${index}: space(id: "${id}") { name threadCount threads(first: 100) { edges { node { id } } } }
    words${index}: searchSpace(spaceId: "${id}", query: "${QUERY}", first: 100, mode: KEYWORD) { edges { node { id content } } }`,
  )
  const viewer = 'viewer { organizations { edges { node { id usage { threads projects messages } } } } }'
  return `{ ${viewer} ${organizations.join('')} ${spaces.join('')} ... on Query ${foundOf(spaceIds)} }`
}

/** The part of it that follows once workers have come so far; a document by itself too. */
export function foundOf(spaceIds: readonly string[]): string {
  const spaces = spaceIds.map(
    (id, index) => `
    memory${index}: space(id: "${id}") { name vectorCount embeddingDimensions }
    meaning${index}: searchSpace(spaceId: "${id}", query: "${QUERY}", first: 100, mode: SEMANTIC) {
      edges { similarity node { id } }
    }`,
  )
  return `{ __typename ${spaces.join('')} }`
}

const nodesOf = (connection: Json): Json[] => connection?.edges.map(({ node }: Json) => node) ?? []

export function readShown(
  data: Json,
  organizationIds: readonly string[],
  spaceCount: number,
  nameOf: (id: string) => string,
): Shown {
  const shown: Shown = { threads: {}, live: [], counts: [], projects: {}, usage: [], spaces: {} }
  const usages = nodesOf(data.viewer.organizations)
  for (const [index, organizationId] of organizationIds.entries()) {
    for (const { id, deletedAt, messageCount, project } of nodesOf(data[`all${index}`])) {
      shown.threads[nameOf(id)] = {
        messages: messageCount,
        isDeleted: deletedAt !== null,
        project: project?.name ?? null,
      }
    }
    shown.counts.push({ all: data[`all${index}`].totalCount, live: data[`live${index}`].totalCount })
    shown.live.push(...nodesOf(data[`live${index}`]).map(({ id }) => nameOf(id)))
    for (const { name, threadCount } of nodesOf(data[`projects${index}`])) shown.projects[name] = threadCount
    shown.usage.push(usages.find(({ id }) => id === organizationId).usage)
  }
  shown.live.sort(inOrder)
  for (let index = 0; index < spaceCount; index++) {
    const space = data[`space${index}`]
    if (!space) continue
    const threads = nodesOf(space.threads).map(({ id }) => nameOf(id))
    const texts = nodesOf(data[`words${index}`]).map(({ id, content }) => [nameOf(id), content])
    shown.spaces[space.name] = {
      threadCount: space.threadCount,
      threads: threads.toSorted(inOrder),
      texts: Object.fromEntries(texts),
    }
  }
  return shown
}

/** What a search by meaning finds in a space, and how many vectors there are. */
export interface Found {
  vectorCount: number
  dimensions: number
  /** how near to the query each message is in percent, by its name */
  similarities: Record<string, number>
}

export function readFound(
  data: Json,
  spaceCount: number,
  nameOf: (id: string) => string,
): Record<string, Found> {
  const found: Record<string, Found> = {}
  for (let index = 0; index < spaceCount; index++) {
    const space = data[`memory${index}`]
    if (!space) continue
    const similarities = data[`meaning${index}`].edges.map(({ similarity, node }: Json) => [
      nameOf(node.id),
      percent(similarity),
    ])
    found[space.name] = {
      vectorCount: space.vectorCount,
      dimensions: space.embeddingDimensions,
      similarities: Object.fromEntries(similarities),
    }
  }
  return found
}

const ORGANIZATIONS = [0, 1]

export function expectedShown(state: ModelState): Shown {
  const threads = Object.entries(state.threads)
  const live = threads.filter(([, { batch }]) => batch === null)
  const projects = Object.entries(state.projects)
  return {
    threads: Object.fromEntries(
      threads.map(([name, { messages, batch, project }]) => [
        name,
        { messages: messages.length, isDeleted: batch !== null, project },
      ]),
    ),
    live: live.map(([name]) => name).toSorted(inOrder),
    counts: ORGANIZATIONS.map((organization) => ({
      all: threads.filter(([, thread]) => thread.organization === organization).length,
      live: live.filter(([, thread]) => thread.organization === organization).length,
    })),
    projects: Object.fromEntries(
      projects.map(([name]) => [name, live.filter(([, { project }]) => project === name).length]),
    ),
    usage: ORGANIZATIONS.map((organization) => {
      const counted = live.filter(([, thread]) => thread.organization === organization)
      return {
        threads: counted.length,
        projects: projects.filter(([, project]) => project.organization === organization).length,
        messages: counted.reduce((sum, [, { messages }]) => sum + messages.length, 0),
      }
    }),
    spaces: Object.fromEntries(
      Object.entries(state.spaces).map(([name, space]) => {
        const shown = space.threads.filter((thread) => state.threads[thread]?.batch === null)
        return [name, { threadCount: shown.length, threads: shown, texts: textsOf(state, shown) }]
      }),
    ),
  }
}

/** The same when nothing is left to embed: every message of a live thread, as near as what it says now, and nothing else. */
export function expectedFound(
  state: ModelState,
  spaces: readonly string[],
  found: Record<string, Found>,
): Record<string, Found> {
  return Object.fromEntries(
    spaces.map((name) => {
      const texts = Object.entries(textsOf(state, state.spaces[name]?.threads ?? []))
      // By which of two models a space answers now is not the model's.
      const dimensions = found[name]?.dimensions ?? 0
      const similarities = texts.map(([message, content]) => [message, similarityOf(content, dimensions)])
      return [name, { vectorCount: texts.length, dimensions, similarities: Object.fromEntries(similarities) }]
    }),
  )
}

/** Throws where members differ, and tells only those. */
export function requireEqual<Compared extends object>(actual: Compared, expected: Compared): void {
  const members = Object.keys(expected) as (keyof Compared)[]
  const differing = members.filter((member) => !isDeepStrictEqual(actual[member], expected[member]))
  if (differing.length === 0 && Object.keys(actual).length === members.length) return
  const told = differing.map((member) => {
    const [is, should] = [actual[member], expected[member]].map((value) => JSON.stringify(value))
    return `${String(member)}: users see\n${is}\nbut the model expects\n${should}`
  })
  throw new Error(told.join('\n') || `There is more than the model expects: ${Object.keys(actual)}`)
}
