import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../support/client.js'
import { inOrder, type ModelState } from './model.state.js'

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
  spaces: Record<string, { threadCount: number; threads: string[] }>
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
    space${index}: space(id: "${id}") { name threadCount vectorCount threads(first: 100) { edges { node { id } } } }
    search${index}: searchSpace(spaceId: "${id}", query: "wool", first: 100, mode: SEMANTIC) { edges { node { thread { id } } } }`,
  )
  const viewer = 'viewer { organizations { edges { node { id usage { threads projects messages } } } } }'
  return `{ ${viewer} ${organizations.join('')} ${spaces.join('')} }`
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
        ...{ messages: messageCount, isDeleted: deletedAt !== null, project: project?.name ?? null },
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
    shown.spaces[space.name] = { threadCount: space.threadCount, threads: threads.toSorted(inOrder) }
  }
  return shown
}

/** The threads that searches find a message of, each as often as it is found, and how many vectors there are. */
export function readFound(data: Json, spaceCount: number, nameOf: (id: string) => string) {
  const found: Record<string, { vectorCount: number; threads: string[] }> = {}
  for (let index = 0; index < spaceCount; index++) {
    const space = data[`space${index}`]
    if (!space) continue
    const threads = nodesOf(data[`search${index}`]).map(({ thread }) => nameOf(thread.id))
    found[space.name] = { vectorCount: space.vectorCount, threads: threads.toSorted(inOrder) }
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
        return [name, { threadCount: shown.length, threads: shown }]
      }),
    ),
  }
}

/** What searches find when nothing is left to embed: every message of a live thread, and nothing else. */
export function expectedFound(state: ModelState): ReturnType<typeof readFound> {
  return Object.fromEntries(
    Object.entries(state.spaces).map(([name, space]) => {
      const threads = space.threads.flatMap((thread) => {
        const { batch, messages } = state.threads[thread] ?? {}
        return batch === null ? (messages ?? []).map(() => thread) : []
      })
      return [name, { vectorCount: threads.length, threads }]
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
