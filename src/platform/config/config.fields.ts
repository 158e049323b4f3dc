import { z } from 'zod'

/** Kinds of variables: how each is parsed, and how its accepted values are documented. */

export interface Documentation {
  description: string
  accepted: string
  /** never printed */
  secret?: boolean
  /** a URL, whose password is never printed */
  address?: boolean
}

export const documentation = z.registry<Documentation>()

const LINE = z.string().regex(/^[^\p{Cc}]{1,4096}$/u)

// Number() alone would also accept "", "1e3" and "0x10".
export function toWhole(value: string): number {
  return /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
}

export function whole(min: number, max: number, byDefault: number, description: string) {
  return z
    .string()
    .transform(toWhole)
    .pipe(z.number().min(min).max(max))
    .default(byDefault)
    .register(documentation, {
      description,
      accepted: `a whole number from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`,
    })
}

export function text(byDefault: string, description: string) {
  return LINE.default(byDefault).register(documentation, { description, accepted: 'one line of text' })
}

export function optionalText(description: string) {
  return LINE.nullable().default(null).register(documentation, { description, accepted: 'one line of text' })
}

export function secret(pattern: RegExp, accepted: string, description: string) {
  return z.string().regex(pattern).nullable().default(null).register(documentation, {
    description,
    accepted,
    secret: true,
  })
}

export function address(schemes: readonly string[], byDefault: string | null, description: string) {
  const isAddress = (value: string) =>
    URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1))
  return z
    .string()
    .refine(isAddress)
    .nullable()
    .default(byDefault)
    .register(documentation, {
      description,
      accepted: schemes.map((scheme) => `${scheme}://…`).join(' or '),
      address: true,
    })
}
