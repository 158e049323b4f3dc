/** What the model of deletion knows of one world: plain data, never changed in place, and nothing of a database. */

export interface ModelMessage {
  name: string
  /** the name of what it says */
  text: string
}

export interface ModelThread {
  /** which of the world's users */
  owner: number
  /** which of the world's organizations */
  organization: number
  project: string | null
  /** sorted by their names */
  messages: readonly ModelMessage[]
  runs: number
  /** the deletion that took it; null: it lives */
  batch: string | null
  isHeld: boolean
}

export interface ModelProject {
  organization: number
  hasSandbox: boolean
}

export interface ModelSpace {
  organization: number
  /** what was put into it, soft-deleted threads too, sorted */
  threads: readonly string[]
}

/** DUE: the time to restore it is over, but no worker has taken it yet. */
export type BatchState = 'RESTORABLE' | 'DUE' | 'PURGING' | 'RESTORED'

export interface ModelBatch {
  owner: number
  /** deleteAllThreads made it */
  isBulk: boolean
  isPermanent: boolean
  state: BatchState
}

/** A confirmation that has not been used. */
export interface ModelToken {
  user: number
  organization: number | null
}

type Table<Row> = Readonly<Record<string, Row>>

export interface ModelState {
  threads: Table<ModelThread>
  projects: Table<ModelProject>
  spaces: Table<ModelSpace>
  batches: Table<ModelBatch>
  tokens: Table<ModelToken>
}

type TableName = keyof ModelState
type RowOf<Name extends TableName> = ModelState[Name][string]

export function put<Name extends TableName>(
  state: ModelState,
  table: Name,
  name: string,
  row: RowOf<Name>,
): ModelState {
  return { ...state, [table]: { ...state[table], [name]: row } }
}

export function drop(state: ModelState, table: TableName, names: readonly string[]): ModelState {
  const rows = Object.entries(state[table]).filter(([name]) => !names.includes(name))
  return { ...state, [table]: Object.fromEntries(rows) }
}

export function threadsWhere(state: ModelState, matches: (thread: ModelThread) => boolean): string[] {
  return Object.keys(state.threads).filter((name) => {
    const thread = state.threads[name]
    return thread !== undefined && matches(thread)
  })
}

/** Puts threads into a batch that this makes. */
export function hide(
  state: ModelState,
  threads: readonly string[],
  batch: string,
  row: ModelBatch,
): ModelState {
  return rebatch(put(state, 'batches', batch, row), threads, batch)
}

export function show(state: ModelState, threads: readonly string[]): ModelState {
  return rebatch(state, threads, null)
}

function rebatch(state: ModelState, names: readonly string[], batch: string | null): ModelState {
  const changed = names.flatMap((name) => {
    const thread = state.threads[name]
    return thread ? [[name, { ...thread, batch }] as const] : []
  })
  return { ...state, threads: { ...state.threads, ...Object.fromEntries(changed) } }
}

/** Threads go for good: out of every space, and with each project that no thread, hidden or not, refers to any more. */
export function purge(state: ModelState, names: readonly string[]): ModelState {
  const projects = names.flatMap((name) => state.threads[name]?.project ?? [])
  const left = drop(state, 'threads', names)
  const spaces = Object.entries(left.spaces).map(([name, space]) => [
    name,
    { ...space, threads: space.threads.filter((thread) => !names.includes(thread)) },
  ])
  const emptied = projects.filter(
    (project) => threadsWhere(left, (thread) => thread.project === project).length === 0,
  )
  return drop({ ...left, spaces: Object.fromEntries(spaces) }, 'projects', emptied)
}

/** What a worker may do next, in a moment that nobody knows: each a state of its own. */
export function afterBackground(state: ModelState): ModelState[] {
  return Object.entries(state.batches).flatMap(([name, batch]) => {
    if (batch.state === 'DUE') return [put(state, 'batches', name, { ...batch, state: 'PURGING' })]
    if (batch.state !== 'PURGING') return []
    const threads = threadsWhere(state, (thread) => thread.batch === name && !thread.isHeld)
    return threads.length === 0 ? [] : [purge(state, threads)]
  })
}

/**
 * The state when workers have nothing left to do that could be seen: whether a deletion of which only held threads are
 * left was taken by a worker cannot.
 */
export function settled(state: ModelState): ModelState {
  let current = state
  for (const [name, batch] of Object.entries(state.batches)) {
    const threads = threadsWhere(current, (thread) => thread.batch === name && !thread.isHeld)
    if (threads.length === 0 || (batch.state !== 'DUE' && batch.state !== 'PURGING')) continue
    current = purge(put(current, 'batches', name, { ...batch, state: 'PURGING' }), threads)
  }
  return current
}

/** Equal for equal states, in whatever order they came about. */
export function keyOf(state: ModelState): string {
  return JSON.stringify(
    Object.values(state).map((table) =>
      Object.entries(table).toSorted(([left], [right]) => inOrder(left, right)),
    ),
  )
}

/** The order of names wherever two lists of them are compared. */
export function inOrder(left: string, right: string): number {
  return left < right ? -1 : 1
}
