import type { SpaceLinks } from './import.space.js'
import { count } from './progress.bar.js'

/** What an import did, in numbers. */
export interface ImportSummary {
  /** read from the files */
  conversations: number
  imported: number
  unchanged: number
  failed: number
  /** newly stored */
  messages: number
  badLines: number
  seconds: number
  /** ended before its files did */
  stopped: boolean
  space: SpaceSummary | null
}

export interface SpaceSummary {
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
  return { name: space.name, added, present, embedded, skipped, failed, unfinished: unfinished + open }
}

/** Everything that was asked for was done. */
export function isComplete({ badLines, failed, stopped, space }: ImportSummary): boolean {
  return badLines + failed === 0 && !stopped && (space === null || space.failed + space.unfinished === 0)
}

export function describeSummary(summary: ImportSummary): string {
  const { conversations, messages, unchanged, failed, badLines, seconds, stopped } = summary
  const lines = [
    `${stopped ? 'Stopped. ' : ''}${count(conversations, 'conversation')}, ${count(messages, 'new message')}, ` +
      `${unchanged.toLocaleString('en')} unchanged, ${failed.toLocaleString('en')} failed, ` +
      `${count(badLines, 'bad line')}; ${seconds.toFixed(1)} s, ${rate(messages, seconds)}`,
  ]
  if (summary.space) lines.push(describeSpace(summary.space))
  return lines.join('\n')
}

/** "1,234 messages/s" */
export function rate(messages: number, seconds: number): string {
  return `${Math.round(messages / Math.max(seconds, 0.001)).toLocaleString('en')} messages/s`
}

function describeSpace({
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
    `Space "${name}": ${count(added, 'thread')} added, ${present.toLocaleString('en')} in it before; ` +
    `${embedded.toLocaleString('en')} embedded, ${skipped.toLocaleString('en')} skipped, ` +
    `${failed.toLocaleString('en')} failed${open}`
  )
}
