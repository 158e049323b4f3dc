import {
  type Client,
  CreateOrganization,
  type CreateOrganizationData,
  type Named,
  ViewerOrganizations,
  type ViewerOrganizationsData,
} from './import.documents.js'

/** The command was called in a way that cannot work; its message says how it can. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The organization that threads go to when none was named: the caller's only one, or a new one. */
export async function chooseOrganization(client: Client): Promise<Named> {
  const organizations = await listOrganizations(client)
  const [first] = organizations
  if (first === undefined) return createOrganization(client, 'Imported')
  if (organizations.length === 1) return first
  const list = organizations.map(({ id, name }) => `  ${id}  ${name}`).join('\n')
  throw new UsageError(`You belong to several organizations. Choose one with --organization:\n${list}`)
}

/** The organization with this id; without its name where it is not among the caller's newest. */
export async function describeOrganization(client: Client, id: string): Promise<Named> {
  const organizations = await listOrganizations(client)
  return organizations.find((organization) => organization.id === id) ?? { id, name: '' }
}

async function listOrganizations(client: Client): Promise<Named[]> {
  const { viewer } = await client.run<ViewerOrganizationsData>(ViewerOrganizations)
  return viewer.organizations.edges.map(({ node }) => node)
}

export async function createOrganization(client: Client, name: string): Promise<Named> {
  const data = await client.run<CreateOrganizationData>(CreateOrganization, { name }, { repeatable: false })
  return data.createOrganization.organization
}
