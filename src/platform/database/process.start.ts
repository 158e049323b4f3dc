import { readFileSync } from 'node:fs'

// Field 22 of /proc/<pid>/stat. The process name before it may contain spaces and parentheses: count from the last ")".
const START_TIME_AFTER_NAME = 19

/**
 * Distinguishes a process from all others with the same pid, by its start time and the boot id. null if the system does
 * not provide them, or the process does not exist.
 */
export function readProcessStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // A zombie has ended; its parent has not collected its exit status yet.
    if (fields[0] === 'Z') return 'ended'
    return `${boot}/${fields[START_TIME_AFTER_NAME]}`
  } catch {
    return null
  }
}
