import { createHash } from 'node:crypto'
import { typeidUnboxed } from 'typeid-js'
import { invalid } from './errors.js'

/** Prefixes of the ids that Heddle generates. Imported records may have ids of other forms. */
export type IdPrefix =
  | 'thrd'
  | 'msg'
  | 'run'
  | 'proj'
  | 'space'
  | 'store'
  | 'org'
  | 'user'
  | 'bkfl'
  | 'bkup'
  | 'remb'
  | 'key'
  | 'audit'
  | 'grant'
  | 'del'
  | 'obx'
  | 'lease'
  | 'req'

const OPAQUE_ID = /^[\x21-\x7e]{1,128}$/

/** A new, time-ordered id (UUIDv7 in base 32), so that rows created together are neighbors in an index. */
export function mintId(prefix: IdPrefix): string {
  return typeidUnboxed(prefix)
}

export function isOpaqueId(value: string): boolean {
  return OPAQUE_ID.test(value)
}

/** Ids are opaque: 1 to 128 printable ASCII characters without spaces. Others are rejected before any query. */
export function requireId(name: string, value: string): string {
  if (!isOpaqueId(value)) {
    throw invalid(`Invalid ${name}. An id has 1 to 128 printable characters and no spaces.`, {
      [name]: value.slice(0, 128),
    })
  }
  return value
}

/** An organization's id must start with `org_`. Source: Aitronos' delete-all-threads operation. */
export function requireOrganizationId(value: string): string {
  if (!value.startsWith('org_')) {
    throw invalid("Invalid organization_id format. Must start with 'org_'", {
      organizationId: value.slice(0, 128),
    })
  }
  return requireId('organizationId', value)
}

/** SHA-256 in hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
