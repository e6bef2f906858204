import { after } from 'node:test'
import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import jwt from 'jsonwebtoken'
import jwksClient from 'jwks-rsa'
import { send } from '../../support/server.ts'
import { noPyJwt, startPython } from './python.ts'

/** Returns the subject of a token, or throws. */
export type ForeignVerifier = (token: string) => Promise<unknown>

interface Rules {
  url: string
  issuer: string
  audience: string
}

const jose = ({ url, issuer, audience }: Rules): ForeignVerifier => {
  const keys = createRemoteJWKSet(new URL(url))
  return async (token) => (await jwtVerify(token, keys, { algorithms: ['ES256'], issuer, audience })).payload.sub
}

const jwksRsa = ({ url, issuer, audience }: Rules): ForeignVerifier => {
  const client = jwksClient({ jwksUri: url, cache: true, rateLimit: true })
  const key: jwt.GetPublicKeyOrSecret = ({ kid }, callback) =>
    client.getSigningKey(kid).then((found) => callback(null, found.getPublicKey()), callback)
  return (token) =>
    new Promise((resolve, reject) =>
      jwt.verify(token, key, { algorithms: ['ES256'], issuer, audience }, (error, claims) =>
        error ? reject(error) : resolve(claims?.sub),
      ),
    )
}

/** An API on Fastify with its own plugin, whose route answers with the subject. */
const fastifyPlugin = async ({ url, issuer, audience }: Rules): Promise<ForeignVerifier> => {
  const keys = buildGetJwks({ jwksPath: new URL(url).pathname, issuersWhitelist: [`${issuer}/`] })
  const app = fastify()
  await app.register(fastifyJwt, {
    decode: { complete: true },
    secret: async (_request: unknown, token: unknown) => {
      const { header, payload } = token as { header: { kid: string; alg: string }; payload: { iss: string } }
      return keys.getPublicKey({ kid: header.kid, domain: payload.iss, alg: header.alg })
    },
    verify: { algorithms: ['ES256'], allowedIss: issuer, allowedAud: audience },
  })
  app.addHook('onRequest', (request) => request.jwtVerify())
  app.get('/orders', async (request) => ({ owner: (request.user as { sub: string }).sub }))
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  after(() => app.close())
  return async (token) => {
    const answer = await send(`${address}/orders`, { method: 'GET' }, { bearer: token })
    if (answer.status !== 200) throw new Error(answer.text)
    return answer.body.owner
  }
}

/** PyJWT's client of a set of keys, as it comes. */
const PYJWT = `
import os, jwt
keys = jwt.PyJWKClient(os.environ["KEYS"])

def claims_of(token):
    key = keys.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, algorithms=["ES256"], issuer=os.environ["ISSUER"], audience=os.environ["AUDIENCE"])
`

const pyJwt = ({ url, issuer, audience }: Rules): ForeignVerifier => {
  const claimsOf = startPython(PYJWT, { KEYS: url, ISSUER: issuer, AUDIENCE: audience })
  return async (token) => (await claimsOf(token))?.['sub']
}

/** Starts verifiers that others wrote, each with the cache that it comes with. */
export async function startVerifiers(rules: Rules): Promise<Record<string, ForeignVerifier>> {
  return {
    jose: jose(rules),
    'jwks-rsa and jsonwebtoken': jwksRsa(rules),
    '@fastify/jwt and get-jwks': await fastifyPlugin(rules),
    ...(noPyJwt ? {} : { PyJWT: pyJwt(rules) }),
  }
}
