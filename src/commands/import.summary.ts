import type { Named } from './import.documents.js'
import type { SpaceLinks } from './import.space.js'
import { count } from './progress.bar.js'

/** Counts of an import. */
export interface ImportSummary {
  /** read from the files */
  conversations: number
  imported: number
  unchanged: number
  failed: number
  /** newly stored */
  messages: number
  badLines: number
  /** not conversations at all */
  badFiles: number
  seconds: number
  /** stopped before its files ended */
  stopped: boolean
  organization: Named
  /** the first imported or unchanged threads, with their titles */
  threads: readonly FirstThread[]
  space: SpaceSummary | null
}

export interface FirstThread {
  id: string
  title: string | null
}

export interface SpaceSummary {
  id: string
  name: string
  added: number
  present: number
  embedded: number
  skipped: number
  /** messages that could not be embedded */
  failed: number
  /** backfills that have not ended or did not complete */
  unfinished: number
}

export function summariseSpace({ space, added, present, watch }: SpaceLinks): SpaceSummary {
  const { embedded, skipped, failed, unfinished, open } = watch.totals
  return { ...space, added, present, embedded, skipped, failed, unfinished: unfinished + open }
}

/** Everything requested was done. */
export function isComplete({ badLines, badFiles, failed, stopped, space }: ImportSummary): boolean {
  return (
    badLines + badFiles + failed === 0 &&
    !stopped &&
    (space === null || space.failed + space.unfinished === 0)
  )
}

export function describeSummary(summary: ImportSummary): string {
  const { conversations, messages, unchanged, failed, badLines, badFiles, seconds, stopped } = summary
  const files = badFiles > 0 ? `, ${count(badFiles, 'file')} not read` : ''
  const lines = [
    `${stopped ? 'Stopped. ' : ''}${count(conversations, 'conversation')}, ${count(messages, 'new message')}, ` +
      `${unchanged.toLocaleString('en')} unchanged, ${failed.toLocaleString('en')} failed, ` +
      `${count(badLines, 'bad line')}${files}; ${seconds.toFixed(1)} s, ${rate(messages, seconds)}`,
    `Organization: ${describeNamed(summary.organization)}`,
  ]
  if (summary.threads.length > 0) lines.push(`Threads: ${describeThreads(summary)}`)
  if (summary.space) lines.push(describeSpace(summary.space))
  return lines.join('\n')
}

function describeNamed({ id, name }: Named): string {
  return name === '' ? id : `${name} (${id})`
}

function describeThreads({ threads, imported, unchanged }: ImportSummary): string {
  const others = imported + unchanged - threads.length
  const first = threads.map(({ id, title }) => (title === null ? id : `"${title}" (${id})`)).join(', ')
  return others > 0 ? `${first} and ${others.toLocaleString('en')} more` : first
}

/** "1,234 messages/s" */
export function rate(messages: number, seconds: number): string {
  return `${Math.round(messages / Math.max(seconds, 0.001)).toLocaleString('en')} messages/s`
}

function describeSpace({
  id,
  name,
  added,
  present,
  embedded,
  skipped,
  failed,
  unfinished,
}: SpaceSummary): string {
  const open = unfinished > 0 ? `; ${count(unfinished, 'backfill')} not completed` : ''
  return (
    `Space "${name}" (${id}): ${count(added, 'thread')} added, ${present.toLocaleString('en')} in it before; ` +
    `${embedded.toLocaleString('en')} embedded, ${skipped.toLocaleString('en')} skipped, ` +
    `${failed.toLocaleString('en')} failed${open}`
  )
}
