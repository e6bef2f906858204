import type { Framework } from './framework.ts'

interface Snippet {
  file: string
  text: string
  /** The packages that it needs. */
  install: string
}

/** The line of an import; as a function, so that it is not taken for one of this file. */
const importing = (names: string, name: string) => `import ${names} from '${name}'`

const VERIFIER = `// The values of PUBLIC_URL and JWT_AUDIENCE. A logout at Tessera is a 401 here within seconds.
export const verifier = createVerifier({ issuer: 'http://localhost:4000', audience: 'app', revocations: {} })
`

function verifying(text: string): Snippet {
  return { file: 'tessera.mjs', text, install: 'tessera-verify' }
}

/** The first lines for each framework: an API that knows its user, or a page that signs in. */
export const SNIPPETS: Record<Framework, Snippet> = {
  express: verifying(`${importing('{ createVerifier }', 'tessera-verify')}
${importing('{ authenticate }', 'tessera-verify/express')}

${VERIFIER}
export function protect(app) {
  app.use(authenticate(verifier))
  app.get('/me', (request, response) => response.json({ user: request.claims.sub }))
}
`),
  fastify: verifying(`${importing('{ createVerifier }', 'tessera-verify')}
${importing('{ authenticate }', 'tessera-verify/fastify')}

${VERIFIER}
export function protect(app) {
  app.decorateRequest('claims', null)
  app.addHook('onRequest', authenticate(verifier))
  app.get('/me', async (request) => ({ user: request.claims.sub }))
}
`),
  hono: verifying(`${importing('{ createVerifier }', 'tessera-verify')}
${importing('{ authenticate }', 'tessera-verify/hono')}

${VERIFIER}
export function protect(app) {
  app.use(authenticate(verifier))
  app.get('/me', (c) => c.json({ user: c.get('claims').sub }))
}
`),
  next: verifying(`// A route such as app/api/me/route.js exports this GET.
${importing('{ createVerifier }', 'tessera-verify')}
${importing('{ authenticate }', 'tessera-verify/next')}

${VERIFIER}
export const GET = authenticate(verifier)((_request, context) => Response.json({ user: context.claims.sub }))
`),
  sveltekit: verifying(`// src/hooks.server.js exports this handle.
${importing('{ createVerifier }', 'tessera-verify')}

${VERIFIER}
export async function handle({ event, resolve }) {
  const [, token] = /^Bearer (.+)$/.exec(event.request.headers.get('authorization') ?? '') ?? []
  event.locals.claims = token === undefined ? null : await verifier.verify(token).catch(() => null)
  return resolve(event)
}
`),
  'vite-react': {
    file: 'tessera.mjs',
    install: 'tessera-client',
    text: `${importing('{ createClient }', 'tessera-client')}

export const client = createClient({ url: 'http://localhost:4000' })

export const signIn = (email, password) => client.login({ email, password })
export const loadMe = async () => (await client.fetch('http://localhost:4000/api/v1/auth/me')).json()
`,
  },
  plain: verifying(`${importing('{ createVerifier }', 'tessera-verify')}

${VERIFIER}
/** The claims of a request with a valid access token; null for any other. */
export async function authenticate(request) {
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
  return token === undefined ? null : verifier.verify(token).catch(() => null)
}
`),
}
