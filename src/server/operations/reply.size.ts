/** Whether a value exceeds a size as JSON, in bytes, approximately; without serializing it. */
export function isLargerThan(value: unknown, limit: number): boolean {
  let left = limit
  const add = (bytes: number) => {
    left -= bytes
    return left < 0
  }
  const visit = (node: unknown): boolean => {
    if (typeof node === 'string') return add(node.length + 2) || add(extraBytes(node))
    if (typeof node !== 'object' || node === null) return add(8)
    if (Array.isArray(node)) return add(2) || node.some((inner) => add(1) || visit(inner))
    if (node instanceof Date) return add(26)
    for (const name in node) {
      if (add(name.length + 4) || visit((node as Record<string, unknown>)[name])) return true
    }
    return add(2)
  }
  return visit(value)
}

// In a short text, escapes are negligible.
const SHORT = 1_000

function extraBytes(text: string): number {
  return text.length < SHORT ? 0 : Buffer.byteLength(text) - text.length
}
