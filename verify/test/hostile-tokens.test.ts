import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { encode, publishedKeys } from '../../server/test/support/keys.ts'
import { send, startServer, type TestServer } from '../../server/test/support/server.ts'
import { decodeClaims, issuePair, JOHN, logInNewUser } from '../../server/test/support/users.ts'
import { createVerifier, type VerifierOptions } from '../src/create-verifier.ts'
import { apps } from './support/apps.ts'
import { createKey, signWith } from './support/issuer.ts'

const SECRET = 'the secret that Tessera shares with the services that verify its tokens'
const ISSUER = 'https://auth.example.com'
const SETTINGS = { JWT_SECRET_KEY: SECRET, JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'orders' }

type Login = Awaited<ReturnType<typeof logInNewUser>>

/** The two ways in which an API trusts Tessera, each with what takes its tokens. */
const WAYS: Record<string, { settings: Record<string, string>; verify: (server: TestServer) => VerifierOptions }> = {
  'the shared secret': {
    settings: SETTINGS,
    verify: () => ({ secret: SECRET, audience: 'orders' }),
  },
  'public keys, and the secret for pairs': {
    settings: { ...SETTINGS, JWT_ALGORITHM: 'ES256', PUBLIC_URL: ISSUER },
    verify: (server) => ({
      issuer: ISSUER,
      jwksUrl: `${server.url}/.well-known/jwks.json`,
      secret: SECRET,
      algorithms: ['ES256', 'HS512'],
      audience: 'orders',
    }),
  },
}

/** Makes tokens that `/orders` must refuse, by reason; `genuine` are the tokens of a login. */
async function refusedTokens(server: TestServer, settings: Record<string, string>, genuine: Login) {
  const [header = '', payload = '', signature = ''] = genuine.access_token.split('.')
  const head = JSON.parse(Buffer.from(header, 'base64url').toString())
  const claims = decodeClaims(genuine.access_token)
  const pair = (await issuePair(server)).access_token
  const [pairHeader = '', pairPayload = '', pairSignature = ''] = pair.split('.')
  const mac = (headers: object, body: object, secret: string | Buffer = SECRET, hash = 'sha256') => {
    const input = `${encode({ alg: 'HS256', typ: 'JWT', kid: head.kid, ...headers })}.${encode(body)}`
    return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
  }
  /** Signed with the secret for pairs, which both ways trust. */
  const asPair = (changes: object, headers: object = {}) =>
    mac({ alg: 'HS512', ...headers }, { ...decodeClaims(pair), ...changes }, SECRET, 'sha512')

  const stranger = await startServer({ ...settings, JWT_SECRET_KEY: `not ${SECRET}` })
  const past = await startServer(settings)
  past.advanceClock({ seconds: -901 })
  const foreignKey = await createKey()
  const published = head.alg === 'ES256' ? (await publishedKeys(server)).keys[0] : foreignKey.jwk
  const foreign = { ...foreignKey, kid: head.kid }
  return {
    'its role raised': [header, encode({ ...claims, role: 'admin' }), signature].join('.'),
    'its signature cut off': `${header}.${payload}.`,
    'its signature altered': `${header}.${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    'its signature shortened': `${header}.${payload}.${signature.slice(0, -2)}`,
    'the signature of a pair': `${header}.${payload}.${pairSignature}`,
    'the header of a pair': `${pairHeader}.${payload}.${signature}`,
    'the claims of a pair': `${header}.${pairPayload}.${signature}`,
    'a fourth part': `${genuine.access_token}.${signature}`,
    'padding at its end': `${genuine.access_token}=`,
    'of another server': (await logInNewUser(stranger)).access_token,
    'a pair’s of another secret': (await issuePair(stranger)).access_token,
    'expired a second ago': (await logInNewUser(past)).access_token,
    'a pair’s, expired': (await issuePair(past)).access_token,
    'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
    'alg none with a signature': `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.${signature}`,
    'alg None': `${encode({ ...head, alg: 'None' })}.${payload}.${signature}`,
    'a list of algorithms': `${encode({ ...head, alg: [head.alg] })}.${payload}.${signature}`,
    'an algorithm that Tessera does not use': mac({ alg: 'HS384' }, claims, SECRET, 'sha384'),
    'a MAC over the public key': mac({}, claims, JSON.stringify(published)),
    'a MAC with an empty secret': mac({}, claims, ''),
    'a MAC that says it is a signature': mac({ alg: 'ES256' }, claims),
    'a foreign key with a known kid': await signWith(foreign, claims),
    'a foreign key in its header': await signWith(foreign, claims, { jwk: foreignKey.jwk }),
    'the address of a foreign key': await signWith(foreign, claims, { jku: 'https://evil.example/jwks.json' }),
    'an unknown kid': await signWith(foreignKey, claims),
    'without exp': asPair({ exp: undefined }),
    'without sub': asPair({ sub: undefined }),
    'an exp that is a text': asPair({ exp: '9999999999' }),
    'from the future': asPair({ iat: claims['exp'] }),
    'for another audience': asPair({ aud: 'payments' }),
    'another type of token': asPair({}, { typ: 'revocations+jwt' }),
    'an extension that must be understood': asPair({}, { crit: ['exp'] }),
    'a refresh token': genuine.refresh_token,
    'a pair’s refresh token': (await issuePair(past)).refresh_token,
    'no token at all': '',
    words: 'not a token',
    'ten kilobytes': 'a'.repeat(10_000),
  }
}

for (const [way, { settings, verify }] of Object.entries(WAYS)) {
  for (const [name, start] of Object.entries(apps)) {
    test(`${name}, ${way}: Tessera’s tokens pass, and over thirty others do not`, async (t) => {
      const server = await startServer(settings)
      const url = await start(createVerifier(verify(server)))
      const ask = (authorization?: string) =>
        send(`${url}/orders`, { method: 'GET', headers: authorization === undefined ? {} : { authorization } })
      const genuine = await logInNewUser(server)
      const pair = await issuePair(server)
      const accepted = [
        [`Bearer ${genuine.access_token}`, genuine.user.guid],
        [`bearer ${genuine.access_token}`, genuine.user.guid],
        [`Bearer ${pair.access_token}`, JOHN],
      ] as const
      for (const [authorization, owner] of accepted) {
        const answer = await ask(authorization)
        assert.deepEqual([answer.status, answer.body], [200, { owner }], answer.text)
      }

      const tokens = Object.entries(await refusedTokens(server, settings, genuine))
      const headers: [string, string | undefined][] = [
        ['no header', undefined],
        ['the token without its scheme', genuine.access_token],
        ['another scheme', `Basic ${genuine.access_token}`],
        ['two tokens', `Bearer ${genuine.access_token}, Bearer ${genuine.access_token}`],
        ...tokens.map(([reason, token]): [string, string] => [reason, `Bearer ${token}`]),
      ]
      t.diagnostic(`${headers.length} refused`)
      for (const [reason, authorization] of headers) {
        const answer = await ask(authorization)
        assert.equal(answer.status, 401, `${reason}: ${answer.text}`)
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer( error="invalid_token")?$/, reason)
        assert.equal(answer.headers.get('cache-control'), 'no-store', reason)
        assert.deepEqual(answer.body, { error: { message: 'Missing or invalid token', details: {} } }, reason)
      }
      assert.equal((await ask(`Bearer ${genuine.access_token}`)).status, 200, 'and a genuine token still passes')
      assert.equal((await ask()).headers.get('www-authenticate'), 'Bearer')
      assert.equal((await ask('Bearer x')).headers.get('www-authenticate'), 'Bearer error="invalid_token"')
    })
  }
}
