import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHeader, list, publishedKeys, startReplicas, states } from '../support/keys.ts'
import { startServer } from '../support/server.ts'
import { parseJsonLines, tesseraCli } from '../support/tessera-command.ts'
import { logIn, logInNewUser, me } from '../support/users.ts'

const SECRETS = { JWT_SECRET_KEY: 'the secret of all test servers that set no other' }
const kidOf = (token: string) => decodeHeader(token)['kid']

test('keys list shows every key with its state, and never a private half; keys alone does so too', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const tessera = tesseraCli(server)
  const json = await tessera('keys list --json')
  assert.equal(json.code, 0, json.output)
  const rows = parseJsonLines(json.output)
  assert.deepEqual(
    rows.map(({ state }) => state),
    ['current', 'next'],
  )
  const names = ['algorithm', 'created_at', 'kid', 'retired_at', 'sealed_by', 'signs_from', 'state']
  assert.deepEqual(Object.keys(rows[0]).sort(), names)
  const table = await tessera('keys')
  assert.match(table.output, /^KID +ALGORITHM +STATE/)
  assert.match(table.output, new RegExp(`${rows[0].kid} +ES256 +current`))
  const secret = await startServer()
  assert.equal(
    (await tesseraCli(secret)('keys')).output,
    'Logins are signed with JWT_SECRET_KEY.\nNo key pairs found.\n',
  )
})

test('keys rotate is refused while the next key is young; with --now running servers sign with it, without a restart', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const first = await logInNewUser(server)
  const next = (await list(server)).keys.find(({ state }) => state === 'next')?.kid
  const tessera = tesseraCli(server)
  const early = await tessera('keys rotate')
  assert.equal(early.code, 1)
  assert.match(early.output, new RegExp(`next key ${next}: KEY_NOTICE ends at .*Wait, or pass --now`))
  const shorter = tesseraCli(server, { KEY_NOTICE: '0' })
  const forced = await tessera('keys rotate --now')
  assert.equal(forced.code, 0, forced.output)
  assert.match(forced.output, new RegExp(`^${next} signs from now on`))
  await server.readSigningKeys()
  assert.equal(kidOf((await logIn(server, first.user.email)).access_token), next)
  assert.equal((await me(server, first.access_token)).status, 200)
  const [rotated] = parseJsonLines((await shorter('keys rotate --json')).output)
  assert.equal(rotated.changed, true, 'the key after it was made by the server')
  const audit = await tessera('audit --kind signing_key_rotated --json')
  assert.deepEqual(
    parseJsonLines(audit.output).map(({ details }) => Object.keys(details)),
    [['kid'], ['kid']],
  )
})

test('keys retire says what happens to the tokens, and with --now what other services do and what to set', async () => {
  const { clock, servers } = await startReplicas(1, { JWT_ALGORITHM: 'ES256' })
  const [server] = servers
  const login = await logInNewUser(server)
  const kid = kidOf(login.access_token)
  const tessera = tesseraCli(server)
  const young = await tessera(`keys retire ${kid}`)
  assert.deepEqual([young.code, /KEY_NOTICE/.test(young.output)], [1, true])
  const refused = await tessera(`keys retire ${kid} --now`)
  assert.equal(refused.code, 0, refused.output)
  assert.match(
    refused.output,
    new RegExp(
      `signs from now on.*\nRetired ${kid}.*two seconds.*\n.*list of endings.*\n.*five minutes.*\n.*KEYS_REFUSED=${kid}\n$`,
    ),
  )
  await server.readSigningKeys()
  clock.advance(1)
  assert.equal((await me(server, login.access_token)).status, 401)
  assert.deepEqual(await states(server), ['refused', 'current', 'next'])
  const [, , next] = (await list(server)).keys
  const quiet = await tessera(`keys retire ${next?.kid} --json`)
  assert.deepEqual(parseJsonLines(quiet.output), [{ kid: next?.kid, changed: true, refused: false, successor: null }])
  for (const [line, sentence] of [
    [`keys retire ${next?.kid}`, /was retired before/],
    ['keys retire unknown', /No key has this id/],
  ] as const)
    assert.match((await tessera(line)).output, sentence)
})

test('keys add publishes a key of another algorithm, sealed as the servers do it, and refuses what would harm them', async () => {
  const server = await startServer({ JWT_ALGORITHM: 'ES256' })
  const tessera = tesseraCli(server, SECRETS)
  const added = await tessera('keys add --algorithm RS256')
  assert.equal(added.code, 0, added.output)
  await server.readSigningKeys()
  assert.deepEqual(
    (await publishedKeys(server)).keys.map(({ alg }) => alg),
    ['ES256', 'ES256', 'RS256'],
  )
  const cases: [string, RegExp][] = [
    ['keys add --algorithm RS256', /There is a next key already/],
    ['keys add --algorithm ES256', /There is a next key already/],
    ['keys add --algorithm HS256', /Allowed choices are ES256, EdDSA, RS256/],
    ['keys add', /--algorithm/],
  ]
  for (const [line, sentence] of cases) assert.match((await tessera(line)).output, sentence, line)
  const stranger = await tesseraCli(server, { JWT_SECRET_KEY: 'another' })('keys add --algorithm EdDSA')
  assert.match(stranger.output, /do not open the key/)
  const production = await tesseraCli(server, { NODE_ENV: 'production' })('keys add --algorithm EdDSA')
  assert.match(production.output, /REFRESH_SECRET_KEY is not set here/)
})

test('a server without key pairs, and one with keys in files, say where its keys come from', async () => {
  const server = await startServer()
  for (const line of ['keys rotate', 'keys rotate --now']) {
    const { code, output } = await tesseraCli(server)(line)
    assert.deepEqual([code, /JWT_SECRET_KEY, which has no key pair; see docs\/keys.md/.test(output)], [1, true])
  }
})
