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
  /** The variable with the bearer token. */
  bearer: string | null
  body: { type: 'json' | 'form'; example: Readonly<Record<string, unknown>> } | null
  /** Variable -> the path of its value in the answer. */
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
  parameters?: { name: string; in: string; example?: string }[]
  requestBody?: { content: Record<string, { example: Record<string, unknown> }> }
}

const LOGIN_TOKENS = { access_token: 'access_token', refresh_token: 'refresh_token' }
const PAIR_TOKENS = { pair_access_token: 'access_token', pair_refresh_token: 'refresh_token' }

const TAKES_OVER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  signUp: { user_guid: 'user.guid' },
  login: LOGIN_TOKENS,
  refresh: LOGIN_TOKENS,
  oauthToken: LOGIN_TOKENS,
  issuePair: PAIR_TOKENS,
  refreshPair: PAIR_TOKENS,
}

const BEARER_VARIABLES: Readonly<Record<string, string>> = { accessToken: 'access_token', serviceKey: 'service_key' }

/** Variables that no answer sets. A name with `$` is drawn by the client. */
export const GIVEN_VARIABLES: Readonly<Record<string, string>> = { baseUrl: 'http://localhost:3000', service_key: '' }

/** Requests before it get their token from it. */
const FIRST_FOLDER = 'Authentication'
/** It ends the session that the others use. */
const LAST_REQUEST = 'logout'

export function collectionFolders({ tags }: Description): CollectionFolder[] {
  const folders = tags.map(({ name, description }) => ({ name, docs: description }))
  return folders.toSorted((a, b) => Number(b.name === FIRST_FOLDER) - Number(a.name === FIRST_FOLDER))
}

/**
 * Lists the requests so that they succeed one after the other, on a development server.
 *
 * @throws if a request has a variable that no answer sets
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
  const taken = requests.flatMap(({ takesOver }) => Object.keys(takesOver))
  return { ...GIVEN_VARIABLES, ...Object.fromEntries(taken.map((name) => [name, ''])) }
}

function position({ folder }: CollectionRequest, folders: readonly string[]): number {
  return folder === null ? folders.length : folders.indexOf(folder)
}

function toRequest(path: string, method: string, operation: Operation): CollectionRequest {
  const { operationId, tags, summary, parameters = [], requestBody } = operation
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  const inHeader = parameters.filter((parameter) => parameter.in === 'header')
  const [type = '', content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const scheme = Object.keys(operation.security[0] ?? {})[0]
  return {
    operationId,
    name: summary,
    folder: operationId === LAST_REQUEST ? null : (tags[0] ?? null),
    docs: operation.description ?? '',
    method: method.toUpperCase(),
    path: inPath.reduce((filled, { name, example = '' }) => filled.replace(`{${name}}`, example), path),
    headers: Object.fromEntries(inHeader.map(({ name, example = '' }) => [name, example])),
    bearer: scheme === undefined ? null : (BEARER_VARIABLES[scheme] ?? null),
    body: content ? { type: type.endsWith('json') ? 'json' : 'form', example: content.example } : null,
    takesOver: TAKES_OVER[operationId] ?? {},
  }
}

function requireVariables(requests: readonly CollectionRequest[]): void {
  const known = collectionVariables(requests)
  for (const { operationId, path, headers, bearer, body } of requests) {
    const text = JSON.stringify([path, headers, `{{${bearer ?? 'baseUrl'}}}`, body])
    for (const [, name = ''] of text.matchAll(/\{\{(\w+)\}\}/g)) {
      if (!(name in known)) throw new Error(`No answer sets the variable ${name} of ${operationId}: see TAKES_OVER.`)
    }
  }
}
