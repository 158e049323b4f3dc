import {
  type Client,
  CreateOrganization,
  type CreateOrganizationData,
  ViewerOrganizations,
  type ViewerOrganizationsData,
} from './import.documents.js'

/** The command was called in a way that cannot work; its message says how it can. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The organization that threads go to when none was named: the caller's only one, or a new one. */
export async function chooseOrganization(client: Client): Promise<string> {
  const { viewer } = await client.run<ViewerOrganizationsData>(ViewerOrganizations)
  const organizations = viewer.organizations.edges.map(({ node }) => node)
  const [first] = organizations
  if (first === undefined) return createOrganization(client, 'Imported')
  if (organizations.length === 1) return first.id
  const list = organizations.map(({ id, name }) => `  ${id}  ${name}`).join('\n')
  throw new UsageError(`You belong to several organizations. Choose one with --organization:\n${list}`)
}

export async function createOrganization(client: Client, name: string): Promise<string> {
  const data = await client.run<CreateOrganizationData>(CreateOrganization, { name }, { repeatable: false })
  return data.createOrganization.organization.id
}
