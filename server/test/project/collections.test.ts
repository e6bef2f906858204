import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { COLLECTIONS_FOLDER, collectionFiles } from '../../../generators/collections/files.ts'
import { collectionRequests, type Description } from '../../../generators/collections/requests.ts'
import { startServer } from '../support/server.ts'

const server = await startServer()
const description = (await server.get('/openapi.json')).body as Description

test('the collections for Postman and Bruno are those of the description: `npm run collections` writes them', () => {
  const made = collectionFiles(description)
  const inFolder = globSync('**', { cwd: COLLECTIONS_FOLDER, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const files = [...made.keys()].map((file) => join(COLLECTIONS_FOLDER, file))
  assert.deepEqual(inFolder.sort(), files.sort(), 'npm run collections')
  for (const [file, text] of made) {
    const isFresh = readFileSync(join(COLLECTIONS_FOLDER, file), 'utf8') === text
    assert.ok(isFresh, `docs/collections/${file} is stale. To write it again, run: npm run collections`)
  }
})

test('a collection has every operation of the description once', () => {
  const described = Object.values(description.paths).flatMap((methods) => Object.values(methods))
  assert.deepEqual(
    collectionRequests(description)
      .map(({ operationId }) => operationId)
      .sort(),
    described.map(({ operationId }) => operationId).sort(),
  )
})

test('a variable that no answer sets makes no collection', () => {
  const changed = structuredClone(description)
  const operation = changed.paths['/api/v1/auth/logout']?.['post']
  assert.ok(operation)
  operation.requestBody = { content: { 'application/json': { example: { token: '{{unknown}}' } } } }
  assert.throws(() => collectionRequests(changed), /No answer sets the variable unknown of logout/)
})
