import {
  type Client,
  type Named,
  OpenPersonalOrganization,
  type OpenPersonalOrganizationData,
  ViewerOrganizations,
  type ViewerOrganizationsData,
} from './import.documents.js'

/** The command was used in a way that cannot work; the message says how to fix it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The organization for threads if none was named. */
export async function openPersonalOrganization(client: Client): Promise<Named> {
  const data = await client.run<OpenPersonalOrganizationData>(OpenPersonalOrganization)
  return data.openPersonalOrganization.organization
}

/** The organization with this id; without its name if it is not among the caller's newest. */
export async function describeOrganization(client: Client, id: string): Promise<Named> {
  const organizations = await listOrganizations(client)
  return organizations.find((organization) => organization.id === id) ?? { id, name: '' }
}

async function listOrganizations(client: Client): Promise<Named[]> {
  const { viewer } = await client.run<ViewerOrganizationsData>(ViewerOrganizations)
  return viewer.organizations.edges.map(({ node }) => node)
}
