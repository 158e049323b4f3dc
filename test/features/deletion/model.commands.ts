import fc from 'fast-check'
import { ADMINISTRATOR } from './model.rules.js'

/** What users, administrators, time and the sandbox service do in a world, in an order that nobody planned. */

type Mode = 'SOFT' | 'PERMANENT'

/** What spaces are re-embedded to; new ones have the first. */
export const MODELS = ['model-a', 'model-b'] as const

/** With the names of what it is about. */
export type Command =
  | { kind: 'create'; thread: string; user: number; organization: number; project: string | null }
  | { kind: 'append'; thread: string; user: number; messages: readonly string[] }
  | { kind: 'edit'; thread: string; message: string; text: string; user: number }
  | { kind: 'erase'; thread: string; message: string; user: number }
  | { kind: 'run' | 'restore'; thread: string; user: number }
  | { kind: 'add' | 'remove' | 'cancel' | 'retry'; space: string; thread: string; user: number }
  | { kind: 'delete'; thread: string; user: number; mode: Mode; batch: string }
  | {
      kind: 'deleteAll'
      user: number
      organization: number | null
      mode: Mode
      token: string | null
      batch: string
    }
  | { kind: 'restoreAll'; batch: string; user: number }
  | { kind: 'preview'; user: number; organization: number | null; token: string }
  | { kind: 'hold'; thread: string; user: number; isHeld: boolean }
  | { kind: 'endRetention'; thread: string }
  | { kind: 'createProject'; project: string; user: number; organization: number; hasSandbox: boolean }
  | { kind: 'createSpace'; space: string; user: number; organization: number }
  | { kind: 'deleteSpace'; space: string; user: number }
  | { kind: 'reembed'; space: string; user: number; model: string }
  | { kind: 'cancelReembedding'; space: string; user: number }
  | { kind: 'failSandbox'; status: number }

/** More is made than goes, so that spaces have something to show. */
const WEIGHTS = {
  create: 14,
  append: 18,
  run: 4,
  add: 22,
  remove: 3,
  hide: 5,
  purge: 4,
  restore: 9,
  hold: 4,
  deleteAll: 1,
  restoreAll: 3,
  preview: 3,
  purgeAll: 2,
  endRetention: 4,
  createProject: 4,
  createSpace: 2,
  deleteSpace: 1,
  cancel: 2,
  retry: 2,
  failSandbox: 2,
  edit: 12,
  erase: 5,
  reembed: 2,
  cancelReembedding: 1,
} as const

/** A command before it is known what there is: its numbers choose among that. */
export interface Draft {
  kind: keyof typeof WEIGHTS
  user: number
  subject: number
  other: number
}

const kind = fc.oneof(
  ...Object.entries(WEIGHTS).map(([name, weight]) => ({
    weight,
    arbitrary: fc.constant(name as Draft['kind']),
  })),
)

const draft: fc.Arbitrary<Draft> = fc.record({
  kind,
  user: fc.nat(2),
  subject: fc.nat(7),
  other: fc.nat(119),
})

/** At once, of two kinds, and about the same few things: that is where one must wait for another. */
const race = fc
  .tuple(
    fc.tuple(kind, kind),
    fc.nat(6),
    fc.array(fc.tuple(fc.nat(1), draft), { minLength: 2, maxLength: 4 }),
  )
  .map(([kinds, base, drafts]) =>
    drafts.map(([which, one]) => ({
      ...one,
      kind: kinds[which] as Draft['kind'],
      subject: base + (one.subject % 3),
    })),
  )

const MOST_GROUPS = 400

/** Groups one after the other; the commands of a group at once. */
export const groups: fc.Arbitrary<Draft[][]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: draft.map((one) => [one]) }, { weight: 2, arbitrary: race }),
  { minLength: 1, maxLength: MOST_GROUPS, size: 'max' },
)

/** What a command can name: what was ever made, the newest last, whatever has become of it. */
export interface Names {
  readonly threads: readonly string[]
  readonly projects: readonly { name: string; organization: number }[]
  readonly spaces: readonly string[]
  readonly batches: readonly { name: string; user: number }[]
  /** of which a backfill is known */
  readonly links: readonly { space: string; thread: string }[]
  readonly tokens: readonly { name: string; user: number; organization: number | null }[]
  readonly messages: readonly { message: string; thread: string }[]
  /** that were ever re-embedded */
  readonly reembedded: readonly string[]
  /** a name that nothing has */
  fresh(kind: string): string
}

/** null where there is nothing yet that it could be about. */
export function toCommand({ kind, user, subject, other }: Draft, names: Names): Command | null {
  const thread = pick(names.threads, subject)
  const space = pick(names.spaces, other % 3)
  // Half of the projects and threads are in each organization; the other two thirds of what deletes all, in one.
  const organization = other % 2
  switch (kind) {
    case 'create': {
      const project = other % 4 === 0 ? undefined : pick(names.projects, subject % 3)
      const place = { organization: project?.organization ?? organization, project: project?.name ?? null }
      return { kind, thread: names.fresh('thread'), user, ...place }
    }
    case 'createProject':
      return { kind, project: names.fresh('project'), user, organization, hasSandbox: other % 3 > 0 }
    case 'createSpace':
      return { kind, space: names.fresh('space'), user: ADMINISTRATOR, organization }
    case 'deleteSpace':
      return space === undefined ? null : { kind, space, user: other % 3 ? ADMINISTRATOR : user }
    case 'reembed': {
      const model = MODELS[subject % MODELS.length] as string
      return space === undefined ? null : { kind, space, user: other % 4 ? ADMINISTRATOR : user, model }
    }
    case 'cancelReembedding': {
      const reembedded = pick(names.reembedded, subject)
      return reembedded ? { kind, space: reembedded, user: other % 4 ? ADMINISTRATOR : user } : null
    }
    case 'edit': {
      const found = pick(names.messages, subject)
      return found ? { kind, ...found, text: names.fresh('text'), user } : null
    }
    case 'erase': {
      const found = pick(names.messages, subject)
      return found ? { kind, ...found, user } : null
    }
    case 'failSandbox':
      return { kind, status: [503, 500, 429, 403][other % 4] as number }
    case 'deleteAll':
    case 'preview': {
      const scope = other % 3 === 2 ? null : other % 3
      return kind === 'preview'
        ? { kind, user, organization: scope, token: names.fresh('token') }
        : { kind, user, organization: scope, mode: 'SOFT', token: null, batch: names.fresh('batch') }
    }
    case 'purgeAll': {
      const token = other % 8 === 0 ? undefined : pick(names.tokens, subject % 3)
      const scope = other % 8 === 1 ? organization : (token?.organization ?? null)
      const who = { user: other % 8 === 2 ? user : (token?.user ?? user), organization: scope }
      const named = { token: token?.name ?? null, batch: names.fresh('batch') }
      return { kind: 'deleteAll', ...who, mode: 'PERMANENT', ...named }
    }
    case 'cancel':
    case 'retry': {
      const link = pick(names.links, subject % 4)
      return link ? { kind, ...link, user } : null
    }
    case 'restoreAll': {
      const batch = pick(names.batches, subject % 4)
      return batch ? { kind, batch: batch.name, user: other % 8 === 0 ? user : batch.user } : null
    }
    default:
      return thread === undefined
        ? null
        : toThreadCommand({ kind, user, subject, other }, names, thread, space)
  }
}

function toThreadCommand(
  { kind, user, other }: Draft,
  names: Names,
  thread: string,
  space: string | undefined,
): Command | null {
  switch (kind) {
    case 'append':
      return {
        kind,
        thread,
        user,
        messages: Array.from({ length: 1 + (other % 2) }, () => names.fresh('message')),
      }
    case 'run':
    case 'restore':
      return { kind, thread, user }
    case 'hide':
    case 'purge':
      return {
        kind: 'delete',
        thread,
        user,
        mode: kind === 'hide' ? 'SOFT' : 'PERMANENT',
        batch: names.fresh('batch'),
      }
    case 'hold':
      return { kind, thread, user: other % 12 === 0 ? user : ADMINISTRATOR, isHeld: other % 2 === 0 }
    case 'endRetention':
      return { kind, thread }
    case 'add':
    case 'remove':
      return space === undefined ? null : { kind, space, thread, user }
    default:
      return null
  }
}

/** Counted from the newest. */
function pick<Item>(items: readonly Item[], index: number): Item | undefined {
  return items.at(-1 - (index % Math.max(items.length, 1)))
}
