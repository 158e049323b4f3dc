// How a benchmark measures and prints: milliseconds of single calls, medians of several, and ratios to a floor.

/** @returns milliseconds that the work took */
export async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function title(text) {
  console.log(`\n${text}`)
}

/** One line: what was measured, and beside it the floor of the same run. */
export function compare(what, milliseconds, floor) {
  const ratio = milliseconds / floor.milliseconds
  console.log(
    `  ${what.padEnd(44)} ${show(milliseconds)}   ${floor.what}: ${show(floor.milliseconds)}   ratio ${ratio.toFixed(2)}`,
  )
}

export function note(what, value) {
  console.log(`  ${what.padEnd(44)} ${value}`)
}

function show(milliseconds) {
  return milliseconds >= 1_000
    ? `${(milliseconds / 1_000).toFixed(2)} s`.padStart(9)
    : `${milliseconds.toFixed(1)} ms`.padStart(9)
}
