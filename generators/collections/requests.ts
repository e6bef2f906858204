/** A request of a collection: an operation of the API's description with the variables that API clients replace. */
export interface CollectionRequest {
  operationId: string
  name: string
  /** The tag of the operation; null for a request that comes after all folders. */
  folder: string | null
  /** Markdown. */
  docs: string
  method: string
  /** Begins with a slash. */
  path: string
  headers: Readonly<Record<string, string>>
  /** The optional parameters, which are not sent until a user turns them on. */
  query: Readonly<Record<string, string>>
  /** The variable with the bearer token. */
  bearer: string | null
  body: { type: 'json' | 'form'; example: Readonly<Record<string, unknown>> } | null
  /** The variables without which the request makes no sense: a run skips it while one of them is empty. */
  needs: readonly string[]
  /** Whether the settings turn it off, which answers 404: nothing else is not found by a GET without an id. */
  mayBeOff: boolean
  /** Variable -> the expression of its value in the answer. */
  takesOver: Readonly<Record<string, string>>
}

export interface CollectionFolder {
  name: string
  docs: string
}

/** The part of a description that collections are made of. */
export interface Description {
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
}

interface Operation {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  security: Record<string, unknown>[]
  parameters?: { name: string; in: string; example?: string; schema: { enum?: string[] } }[]
  responses: Record<string, unknown>
  requestBody?: { content: Record<string, { example: Record<string, unknown> }> }
}

const LOGIN_TOKENS = { access_token: 'access_token', refresh_token: 'refresh_token' }
const PAIR_TOKENS = { pair_access_token: 'access_token', pair_refresh_token: 'refresh_token' }

const TAKES_OVER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  signUp: { user_guid: 'user.guid' },
  login: LOGIN_TOKENS,
  loginByMail: { login_token: 'login_token' },
  verifyLogin: LOGIN_TOKENS,
  listSessions: {
    session_id: 'sessions.find((each) => each.current).id',
    other_session_id: "sessions.find((each) => !each.current)?.id ?? ''",
  },
  refresh: LOGIN_TOKENS,
  oauthToken: LOGIN_TOKENS,
  issuePair: PAIR_TOKENS,
  refreshPair: PAIR_TOKENS,
}

/**
 * Operation -> the variable of each field that a user has to fill in: it comes out of a mail, or would change the account of
 * the demo user.
 */
const FILLED_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  changePassword: { current_password: 'current_password', password: 'new_password' },
  resetPassword: { token: 'mail_token', password: 'new_password' },
  verifyEmail: { code: 'mail_code' },
  requestEmailChange: { email: 'new_email', current_password: 'current_password' },
  confirmEmailChange: { code: 'mail_code' },
  undoEmailChange: { token: 'mail_token' },
  loginByMail: { email: 'login_email' },
  verifyLogin: { login_token: 'login_token', code: 'mail_code' },
  notMe: { token: 'mail_token' },
}

/** A fresh development server has no such key. */
const SERVICE_KEY = 'service_key'
const BEARER_VARIABLES: Readonly<Record<string, string>> = { accessToken: 'access_token', serviceKey: SERVICE_KEY }

/** Variables that no answer sets, beside those of `FILLED_IN`. A name with `$` is drawn by the client. */
const GIVEN_VARIABLES: Readonly<Record<string, string>> = { baseUrl: 'http://localhost:3000', [SERVICE_KEY]: '' }

/** Other requests get their token from it. */
const FIRST_FOLDER = 'Authentication'
/** It ends the session that the others use. */
const LAST_REQUEST = 'logout'
/** It ends the sessions that the others of its folder are about. */
const LAST_OF_FOLDER = 'endSessions'
export function collectionFolders({ tags }: Description): CollectionFolder[] {
  const folders = tags.map(({ name, description }) => ({ name, docs: description }))
  return folders.toSorted((a, b) => Number(b.name === FIRST_FOLDER) - Number(a.name === FIRST_FOLDER))
}

/**
 * Lists the requests so that they succeed one after the other, on a development server.
 *
 * @throws if a request has a variable that no answer sets, or a path without an example
 */
export function collectionRequests(description: Description): CollectionRequest[] {
  const folders = collectionFolders(description).map(({ name }) => name)
  const requests = Object.entries(description.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => toRequest(path, method, operation)),
    )
    .toSorted((a, b) => position(a, folders) - position(b, folders))
  requireVariables(requests)
  return requests
}

/** The variables of a collection, each with its first value. */
export function collectionVariables(requests: readonly CollectionRequest[]): Record<string, string> {
  const names = requests.flatMap(({ needs, takesOver }) => [...needs, ...Object.keys(takesOver)])
  return { ...GIVEN_VARIABLES, ...Object.fromEntries(names.map((name) => [name, ''])) }
}

/** The variables that a user may change, each with its first value. */
export function userVariables(requests: readonly CollectionRequest[]): Record<string, string> {
  const taken = new Set(requests.flatMap(({ takesOver }) => Object.keys(takesOver)))
  return Object.fromEntries(Object.entries(collectionVariables(requests)).filter(([name]) => !taken.has(name)))
}

function position({ folder, operationId }: CollectionRequest, folders: readonly string[]): number {
  if (folder === null) return folders.length
  return folders.indexOf(folder) + (operationId === LAST_OF_FOLDER ? 0.5 : 0)
}

function toRequest(path: string, method: string, operation: Operation): CollectionRequest {
  const { operationId, tags, summary, parameters = [], requestBody } = operation
  const from = (place: string) => parameters.filter((parameter) => parameter.in === place)
  const [type = '', content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const scheme = Object.keys(operation.security[0] ?? {})[0]
  const bearer = scheme === undefined ? null : (BEARER_VARIABLES[scheme] ?? null)
  const filledIn = FILLED_IN[operationId] ?? {}
  const variables = Object.entries(filledIn).map(([field, name]) => [field, `{{${name}}}`])
  const example = { ...content?.example, ...Object.fromEntries(variables) }
  const inPath = Object.fromEntries(
    from('path').map(({ name, example = missing(name, operationId) }) => [`{${name}}`, example]),
  )
  return {
    operationId,
    name: summary,
    folder: operationId === LAST_REQUEST ? null : (tags[0] ?? null),
    docs: operation.description ?? '',
    method: method.toUpperCase(),
    path: path.replaceAll(/\{\w+\}/g, (parameter) => inPath[parameter] ?? missing(parameter, operationId)),
    headers: Object.fromEntries(from('header').map(({ name, example = '' }) => [name, example])),
    query: Object.fromEntries(
      from('query').map(({ name, example, schema }) => [name, example ?? schema.enum?.[0] ?? '']),
    ),
    bearer,
    body: content ? { type: type.endsWith('json') ? 'json' : 'form', example } : null,
    needs: [
      ...(bearer === SERVICE_KEY ? [SERVICE_KEY] : []),
      ...Object.values(filledIn),
      ...Object.values(inPath).map((variable) => variable.replaceAll(/[{}]/g, '')),
    ],
    mayBeOff: method === 'get' && from('path').length === 0 && '404' in operation.responses,
    takesOver: TAKES_OVER[operationId] ?? {},
  }
}

function missing(name: string, operationId: string): never {
  throw new Error(`The parameter ${name} of ${operationId} has no example.`)
}

function requireVariables(requests: readonly CollectionRequest[]): void {
  const known = collectionVariables(requests)
  for (const { operationId, headers, bearer, body } of requests) {
    const text = JSON.stringify([headers, `{{${bearer ?? 'baseUrl'}}}`, body])
    for (const [, name = ''] of text.matchAll(/\{\{(\w+)\}\}/g)) {
      if (!(name in known)) throw new Error(`No answer sets the variable ${name} of ${operationId}: see TAKES_OVER.`)
    }
  }
}
