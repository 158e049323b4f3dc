import { z } from 'zod'
import { documentation } from './config.fields.js'

/** Which web pages may use Heddle: GraphiQL, and pages of other origins. */

export const webVariables = z.object({
  GRAPHIQL: z.enum(['on', 'off']).nullable().default(null).register(documentation, {
    description:
      'Whether a browser that opens /graphql gets GraphiQL. Not set: on if ENVIRONMENT is development, otherwise off.',
    accepted: 'on or off',
  }),
  CORS_ORIGINS: z
    .string()
    .transform((value) => value.split(',').map((origin) => origin.trim()))
    .pipe(z.array(z.string().refine(isOrigin)))
    .default([])
    .register(documentation, {
      description:
        "Further origins whose web pages may use Heddle over HTTP and WebSocket. Cookies are not used. Not set: Heddle's own origin only.",
      accepted: 'exact origins, comma-separated: https://app.example.com, http://localhost:3000',
    }),
})

export interface WebSettings {
  graphiql: boolean
  /** as browsers send them in `Origin` */
  corsOrigins: readonly string[]
}

type WebValues = z.infer<typeof webVariables> & { ENVIRONMENT: string }

export function readWeb({ GRAPHIQL, CORS_ORIGINS, ENVIRONMENT }: WebValues): WebSettings {
  return {
    graphiql: GRAPHIQL === null ? ENVIRONMENT === 'development' : GRAPHIQL === 'on',
    corsOrigins: CORS_ORIGINS,
  }
}

function isOrigin(value: string): boolean {
  return /^https?:/.test(value) && URL.canParse(value) && new URL(value).origin === value
}
