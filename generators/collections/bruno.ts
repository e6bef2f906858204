import {
  type CollectionRequest,
  collectionFolders,
  collectionRequests,
  type Description,
  userVariables,
} from './requests.ts'

/** Makes a collection for Bruno: the path of each file in the folder of the collection, and its text. */
export function brunoCollection(description: Description): Map<string, string> {
  const requests = collectionRequests(description)
  const files = new Map([
    ['bruno.json', `${JSON.stringify({ version: '1', name: 'Tessera', type: 'collection' }, null, 2)}\n`],
    ['collection.bru', blocks({ 'vars:pre-request': fields(userVariables(requests)) })],
  ])
  const folders = collectionFolders(description)
  for (const [index, { name, docs }] of folders.entries()) {
    files.set(`${folderName(name)}/folder.bru`, blocks({ meta: fields({ name, seq: index + 1 }), docs }))
  }
  for (const request of requests) {
    const folder = request.folder === null ? '' : `${folderName(request.folder)}/`
    // The request beside the folders comes after them.
    const beside = requests.filter((each) => each.folder === request.folder)
    const number = beside.indexOf(request) + 1 + (request.folder === null ? folders.length : 0)
    files.set(`${folder}${request.operationId}.bru`, brunoRequest(request, number))
  }
  return files
}

function brunoRequest(request: CollectionRequest, seq: number): string {
  const { name, docs, method, path, headers, query, bearer, body, mayBeOff } = request
  const disabled = Object.fromEntries(Object.entries(query).map(([key, value]) => [`~${key}`, value]))
  const url = `{{baseUrl}}${path}`
  const bodyType = body === null ? 'none' : body.type === 'json' ? 'json' : 'formUrlEncoded'
  return blocks({
    meta: fields({ name, type: 'http', seq }),
    [method.toLowerCase()]: fields({ url, body: bodyType, auth: bearer === null ? 'none' : 'bearer' }),
    'params:query': fields(disabled),
    headers: fields(headers),
    'auth:bearer': bearer === null ? '' : fields({ token: `{{${bearer}}}` }),
    'body:json': body?.type === 'json' ? JSON.stringify(body.example, null, 2) : '',
    'body:form-urlencoded': body?.type === 'form' ? fields(body.example) : '',
    'script:pre-request': skipUnless(request),
    'script:post-response': takeOver(request),
    tests: `test('succeeds', () => expect(res.status).to.be.oneOf([200, 202, 204${mayBeOff ? ', 404' : ''}]))`,
    docs,
  })
}

function skipUnless({ needs }: CollectionRequest): string {
  if (needs.length === 0) return ''
  const isMissing = `${JSON.stringify(needs)}.some((name) => !(bru.getVar(name) || bru.getCollectionVar(name)))`
  return `if (${isMissing}) bru.runner.skipRequest()`
}

function takeOver({ takesOver }: CollectionRequest): string {
  const lines = Object.entries(takesOver).map(([name, path]) => `  bru.setVar('${name}', res.body.${path})`)
  return lines.length === 0 ? '' : ['if (res.status < 300) {', ...lines, '}'].join('\n')
}

function fields(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

/** Writes the blocks that have a content. */
function blocks(contents: Readonly<Record<string, string>>): string {
  return Object.entries(contents)
    .filter(([, content]) => content !== '')
    .map(([name, content]) => `${name} {\n${content.replaceAll(/^(?=.)/gm, '  ')}\n}\n`)
    .join('\n')
}

function folderName(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-')
}
