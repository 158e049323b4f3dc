/** Mounts GraphiQL on the gateway that served the page. */
import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import { GraphiQL } from 'graphiql'
import { useRef, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { takeHeaders } from './address.headers.js'
import firstTab from './first-tab.graphql?raw'
import firstVariables from './first-tab.variables.json?raw'
import { createFetcher, type RequestHeaders } from './gateway.fetcher.js'

const SCHEMA_RETRY_MS = 500

/* `headers` are shown in the headers pane of every new tab. */
function GraphiqlPage({ headers }: { headers?: RequestHeaders }) {
  const [schemaProblem, setSchemaProblem] = useState<string | null>(null)
  const [fetcher, setFetcher] = useState(() => createFetcher(window.location, setSchemaProblem, headers))
  const headersText = headers && JSON.stringify(headers, null, 2)
  const retry = useRef<number>(undefined)

  // GraphiQL reads the schema whenever it gets a new fetcher, and by itself never again after a refusal.
  const readSchemaAgain = () => {
    window.clearTimeout(retry.current)
    const renew = () => setFetcher(() => createFetcher(window.location, setSchemaProblem))
    retry.current = window.setTimeout(renew, SCHEMA_RETRY_MS)
  }

  return (
    <GraphiQL
      fetcher={fetcher}
      initialHeaders={headersText}
      defaultHeaders={headersText}
      defaultEditorToolsVisibility={headers === undefined ? 'headers' : 'variables'}
      onEditHeaders={schemaProblem === null ? undefined : readSchemaAgain}
    >
      <GraphiQL.Logo>Heddle</GraphiQL.Logo>
      {schemaProblem !== null && (
        <GraphiQL.Footer>
          <div className="schema-problem" role="alert">
            The schema could not be read: {schemaProblem} Credentials go into the Headers pane, as{' '}
            <code>{'{ "X-API-Key": "…" }'}</code>.
          </div>
        </GraphiQL.Footer>
      )}
    </GraphiQL>
  )
}

const container = document.getElementById('page')
if (container === null) throw new Error('index.html has no #page')

// Opening a second link with a key in the same tab changes only the fragment: handle it as at the start.
window.addEventListener('hashchange', () => window.location.reload())

// As if they had been typed: variables that GraphiQL gets as a default are gone at the second visit.
if (window.localStorage.getItem('graphiql:tabState') === null) {
  window.localStorage.setItem('graphiql:query', firstTab)
  window.localStorage.setItem('graphiql:variables', firstVariables)
}

createRoot(container).render(<GraphiqlPage headers={takeHeaders(window.location, window.history)} />)
