import { text } from 'node:stream/consumers'
import { buildSchema, GraphQLError, graphql } from 'graphql'
import { send } from '../support/server.ts'
import { listen, type Stage } from './stage.ts'

export interface GuardedApi {
  url: string
  /** Path and token of each request that arrived, oldest first. */
  requests: { path: string; token: string | null }[]
}

const SCHEMA = buildSchema(
  'type Query { read(path: String!): String! } type Mutation { write(body: String!): String! }',
)

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, content-type, accept',
}

/**
 * Starts an API on an origin of its own that asks the server for the user of each access token. `POST` answers its body,
 * `/closed` refuses every token, `/broken` is an error. `/graphql` refuses queries with 200 and the code `UNAUTHENTICATED`, mutations with 401.
 */
export async function startGuardedApi({ server }: Pick<Stage, 'server'>): Promise<GuardedApi> {
  const requests: GuardedApi['requests'] = []

  async function userOf(path: string, token: string | null) {
    requests.push({ path, token })
    if (token === null || path === '/closed') return null
    const answer = await send(`${server.url}/api/v1/auth/me`, { method: 'GET' }, { bearer: token })
    return answer.status === 200 ? (answer.body.user as { email: string }) : null
  }

  async function answerGraphql(token: string | null, body: string): Promise<[status: number, answer: object]> {
    const { query, variables } = JSON.parse(body) as { query: string; variables: { path?: string; body?: string } }
    const { path = '/orders', body: order = 'null' } = variables
    const user = await userOf(path, token)
    const resolve = () => {
      if (user === null) throw new GraphQLError('401', { extensions: { code: 'UNAUTHENTICATED' } })
      return JSON.stringify({ user, order: JSON.parse(order) })
    }
    const rootValue = { read: resolve, write: resolve }
    const answer = await graphql({ schema: SCHEMA, source: query, variableValues: variables, rootValue })
    return [user === null && query.startsWith('mutation') ? 401 : 200, answer]
  }

  const url = await listen(async (request, response) => {
    if (request.method === 'OPTIONS') return void response.writeHead(204, CORS).end()
    const path = request.url ?? '/'
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null
    const body = await text(request)
    const json = { ...CORS, 'content-type': 'application/json' }
    if (path === '/graphql') {
      const [status, answer] = await answerGraphql(token, body)
      return void response.writeHead(status, json).end(JSON.stringify(answer))
    }
    const user = await userOf(path, token)
    if (path === '/broken') return void response.writeHead(500, json).end('{}')
    if (user === null) return void response.writeHead(401, json).end('{}')
    const order = request.method === 'POST' ? { order: JSON.parse(body) } : {}
    response.writeHead(200, json).end(JSON.stringify({ user, ...order }))
  })
  return { url, requests }
}
