import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { sendCacheable } from './send-cacheable.ts'

const JsonWebKey = Type.Object(
  {
    kty: Type.String(),
    kid: Type.String({ description: 'The thumbprint of the key (RFC 7638).' }),
    alg: Type.String({ description: 'The one algorithm that it verifies.' }),
    use: Type.Literal('sig'),
  },
  { additionalProperties: true, description: 'A public key (RFC 7517).' },
)

/** `GET /.well-known/jwks.json`: the public keys, also while the database is away. */
export const jwks = endpoint({
  about: {
    operationId: 'jwks',
    tag: 'Keys',
    summary: 'Get the public keys that access tokens of logins verify with',
    success: 'The keys: those that signed a living token, the one that signs, and the next one',
    detail:
      'A key is published long before it signs. `Cache-Control` says how long the answer may be kept. Without public keys (`JWT_ALGORITHM=HS256`) it is 404.',
    examples: {
      answer: {
        keys: [
          {
            kty: 'EC',
            crv: 'P-256',
            x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
            y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
            kid: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U',
            alg: 'ES256',
            use: 'sig',
          },
        ],
      },
    },
  },
  responses: { 200: Type.Object({ keys: Type.Array(JsonWebKey) }) },
  async handle({ tokens }, request, reply) {
    return sendCacheable(request, reply, { keys: await tokens.publicKeys.published() })
  },
})
