import {
  type CollectionRequest,
  collectionFolders,
  collectionRequests,
  collectionVariables,
  type Description,
} from './requests.ts'

const INTRODUCTION = `Run "Check a password and start a session" first: the tokens of its answer are stored in variables of the collection, which other requests use. A request that needs something out of a mail, or a new password, is skipped until its variable is set.

\`baseUrl\` is the address of the server. The login is that of the demo user of a development server.

This collection is made from \`/openapi.json\`.`

/** Makes a collection for Postman, in its format 2.1. */
export function postmanCollection(description: Description): object {
  const requests = collectionRequests(description)
  const folders = collectionFolders(description).map(({ name, docs }) => ({
    name,
    description: docs,
    item: requests.filter(({ folder }) => folder === name).map(item),
  }))
  return {
    info: {
      name: 'Tessera',
      description: INTRODUCTION,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: Object.entries(collectionVariables(requests)).map(([key, value]) => ({ key, value })),
    item: [...folders, ...requests.filter(({ folder }) => folder === null).map(item)],
  }
}

function item(request: CollectionRequest): object {
  const { name, docs, method, path, headers, query, bearer, body } = request
  const parameters = Object.entries(query).map(([key, value]) => ({ key, value, disabled: true }))
  return {
    name,
    event: [...skipUnless(request), event('test', takeOver(request))],
    request: {
      method,
      ...(docs && { description: docs }),
      auth:
        bearer === null
          ? { type: 'noauth' }
          : { type: 'bearer', bearer: [{ key: 'token', value: `{{${bearer}}}`, type: 'string' }] },
      header: Object.entries(headers).map(([key, value]) => ({ key, value })),
      ...(body && { body: postmanBody(body) }),
      url: {
        raw: `{{baseUrl}}${path}`,
        host: ['{{baseUrl}}'],
        path: path.split('/').slice(1),
        ...(parameters.length > 0 && { query: parameters }),
      },
    },
    response: [],
  }
}

function postmanBody({ type, example }: NonNullable<CollectionRequest['body']>): object {
  if (type === 'json') {
    return { mode: 'raw', raw: JSON.stringify(example, null, 2), options: { raw: { language: 'json' } } }
  }
  return { mode: 'urlencoded', urlencoded: Object.entries(example).map(([key, value]) => ({ key, value })) }
}

function event(listen: 'prerequest' | 'test', exec: readonly string[]): object {
  return { listen, script: { type: 'text/javascript', exec } }
}

function skipUnless({ needs }: CollectionRequest): object[] {
  if (needs.length === 0) return []
  const isMissing = `${JSON.stringify(needs)}.find((name) => !pm.collectionVariables.get(name))`
  const log = "  console.log('This variable has no value yet: ' + missing)"
  const lines = [`const missing = ${isMissing}`, 'if (missing) {', log, '  pm.execution.skipRequest()', '}']
  return [event('prerequest', lines)]
}

function takeOver({ takesOver, mayBeOff }: CollectionRequest): string[] {
  const lines = Object.entries(takesOver).map(
    ([name, value]) => `  pm.collectionVariables.set('${name}', pm.response.json().${value})`,
  )
  return [
    ...(lines.length > 0 ? ['if (pm.response.code < 300) {', ...lines, '}'] : []),
    `pm.test('succeeds', () => pm.expect(pm.response.code).to.be.oneOf([200, 202, 204${mayBeOff ? ', 404' : ''}]))`,
  ]
}
