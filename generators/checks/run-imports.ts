import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { collectionRequests, type Description } from '../collections/requests.ts'
import { GENERATED, runTool } from './run-tool.ts'

const DEMO = { email: 'admin@example.com', password: 'password123' }
const EXAMPLE_USER = { email: 'user@example.com', password: 'correct horse' }
const DEMO_GUID = '123e4567-e89b-12d3-a456-426614174000'
const MUST_SUCCEED = "pm.test('succeeds', () => pm.expect(pm.response.code).to.be.oneOf([200, 202, 204]))"

interface BrunoResult {
  test: { filename: string }
  response: { status: number | string }
}

interface Item {
  name: string
  item?: Item[]
}

/**
 * Imports the description as Postman and Bruno do, and runs each request as imported, in the order of the collections. The
 * variables have the values that a user would copy out of answers; requests that need more than that are left out.
 */
export async function runImports(url: string): Promise<void> {
  const description = JSON.parse(readFileSync(join(GENERATED, 'body.json'), 'utf8')) as Description
  const values = await variables(url)
  const names = collectionRequests(description)
    .filter(({ needs, mayBeOff }) => !mayBeOff && needs.every((name) => name in values))
    .map(({ name }) => name)
  await runPostmanImport(names, values)
  await deleteExampleUser(url)
  await runBrunoImport(names, await variables(url))
}

async function runPostmanImport(names: readonly string[], values: Record<string, string>): Promise<void> {
  const imported = join(GENERATED, 'imported.postman_collection.json')
  await runTool('openapi2postmanv2', [
    ...['-s', join(GENERATED, 'body.json'), '-o', imported],
    ...['-O', 'parametersResolution=Example'],
  ])
  const collection = JSON.parse(readFileSync(imported, 'utf8'))
  const item = requests(collection.item)
    .filter(({ name }) => names.includes(name))
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
  const event = [{ listen: 'test', script: { type: 'text/javascript', exec: [MUST_SUCCEED] } }]
  writeFileSync(imported, JSON.stringify({ ...collection, item, event }))
  await runTool('newman', ['run', imported, ...assignments(values)])
}

async function runBrunoImport(names: readonly string[], values: Record<string, string>): Promise<void> {
  const folder = join(GENERATED, 'imported-bruno')
  const report = join(GENERATED, 'imported-bruno.json')
  await runTool('bru', ['import', 'openapi', '-s', join(GENERATED, 'body.json'), '-o', folder])
  const files = globSync('*/*.yml', { cwd: folder })
  const run = names.map((name) => files.find((file) => basename(file, '.yml') === name) ?? name)
  const environment = ['--env', 'Environment 1', ...assignments(values)]
  await runTool('bru', ['run', ...run, ...environment, '--reporter-json', report], { cwd: folder })
  const [{ results }] = JSON.parse(readFileSync(report, 'utf8')) as [{ results: BrunoResult[] }]
  const refused = results.filter(({ response }) => ![200, 202, 204].includes(Number(response.status)))
  if (results.length !== names.length || refused.length > 0) {
    throw new Error(`Of ${results.length} requests imported into Bruno, these failed: ${JSON.stringify(refused)}`)
  }
}

async function variables(url: string): Promise<Record<string, string>> {
  const other = await post(url, '/api/v1/auth/login', DEMO)
  const login = await post(url, '/api/v1/auth/login', DEMO)
  const pair = await post(url, '/auth/token', { auth: { user_guid: DEMO_GUID } })
  const user = { email: `${crypto.randomUUID()}@example.com`, password: EXAMPLE_USER.password }
  const signedUp = await post(url, '/api/v1/users/sign_up', { user })
  return {
    bearerToken: login.access_token, // of Postman
    token: login.access_token, // of Bruno
    refresh_token: login.refresh_token,
    pair_access_token: pair.access_token,
    pair_refresh_token: pair.refresh_token,
    user_guid: signedUp.user.guid,
    session_id: sessionId(login.access_token),
    other_session_id: sessionId(other.access_token),
  }
}

/** The claim `sid` of an access token. */
function sessionId(accessToken: string): string {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).sid
}

/** Deletes the user of the example, who can sign up only once. */
async function deleteExampleUser(url: string): Promise<void> {
  const { access_token, user } = await post(url, '/api/v1/auth/login', EXAMPLE_USER)
  const headers = { authorization: `Bearer ${access_token}` }
  await fetch(`${url}/api/v1/users/${user.guid}`, { method: 'DELETE', headers })
}

async function post(url: string, path: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { access_token: string; refresh_token: string; user: { guid: string } }
}

function assignments(values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--env-var', `${name}=${value}`])
}

function requests(items: readonly Item[]): Item[] {
  return items.flatMap((each) => (each.item ? requests(each.item) : [each]))
}
