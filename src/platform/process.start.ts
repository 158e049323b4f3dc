import { readFileSync } from 'node:fs'

// Field 22 of /proc/<pid>/stat. The name before it may hold spaces and brackets, so fields count from its last bracket.
const START_TIME_AFTER_NAME = 19

/**
 * What tells a process from every other that had or will have its pid: when it started, and in which boot. null where
 * the system does not say, or no such process is seen.
 */
export function readProcessStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // A zombie has ended, and only its parent has not noticed.
    if (fields[0] === 'Z') return 'ended'
    return `${boot}/${fields[START_TIME_AFTER_NAME]}`
  } catch {
    return null
  }
}
