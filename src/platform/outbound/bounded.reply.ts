/** The body as text; null for a longer one, which is given up as soon as it is known to be longer. */
export async function readText({ body }: Response, maximumBytes: number): Promise<string | null> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body ?? []) {
    bytes += part.byteLength
    if (bytes > maximumBytes) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
