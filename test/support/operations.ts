import { readFileSync } from 'node:fs'
import { type DocumentNode, Kind, parse, print } from 'graphql'

/** The documents that clients of Heddle send, by the name of their operation. */

const FILE = new URL('../contract/operations.graphql', import.meta.url)

const DOCUMENTS: ReadonlyMap<string, string> = readDocuments(parse(readFileSync(FILE, 'utf8')))

export function operationNames(): string[] {
  return [...DOCUMENTS.keys()]
}

/** A document by the name of its operation; what is no name is a document already. */
export function documentOf(nameOrDocument: string): string {
  if (/\W/.test(nameOrDocument)) return nameOrDocument
  const document = DOCUMENTS.get(nameOrDocument)
  if (document === undefined) throw new Error(`operations.graphql has no ${nameOrDocument}.`)
  return document
}

function readDocuments({ definitions }: DocumentNode): Map<string, string> {
  const operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  return new Map(operations.map((operation) => [operation.name?.value ?? '', print(operation)]))
}
