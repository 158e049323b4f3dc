import { describeConfig } from './config.js'

/** Generates the configuration's documentation from its schema: `.env.example` and the table in the README. */

export function renderEnvExample(): string {
  const intro = `# Heddle's configuration. Copy this file to .env and take away the # before what you set.
# A variable of the process wins over this file, and an empty value counts as not set.
`
  const entries = describeConfig().map(
    (variable) => `
# ${variable.description}
# Accepted: ${variable.accepted}.
#${variable.name}=${variable.default ?? ''}
`,
  )
  return intro + entries.join('')
}

export function renderConfigTable(): string {
  const rows = describeConfig().map(({ name, default: byDefault, accepted, description }) =>
    row(`\`${name}\``, byDefault === null ? 'not set' : `\`${byDefault}\``, description, accepted),
  )
  return [row('Variable', 'Default', 'Purpose', 'Accepted'), '| --- | --- | --- | --- |', ...rows].join('\n')
}

const MARKED = /(<!-- configuration -->\n)[\s\S]*?(\n<!-- \/configuration -->)/

/** Replaces the table between the two markers of the page. */
export function withConfigTable(page: string): string {
  if (!MARKED.test(page)) throw new Error('The page has no markers for the table: <!-- configuration -->')
  return page.replace(MARKED, (_, start: string, end: string) => `${start}\n${renderConfigTable()}\n${end}`)
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
