import type { Static } from 'typebox'
import { notFound } from '../contract/refusal.ts'
import { type About, endpoint } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { Type } from '../endpoint/schema.ts'
import { sendCacheable } from './send-cacheable.ts'

const NO_ISSUER = 'PUBLIC_URL is not set, or is not JWT_ISSUER: the issuer must be the address of these documents'

const Metadata = Type.Object({
  issuer: Type.String(),
  jwks_uri: Type.String(),
  token_endpoint: Type.String(),
  introspection_endpoint: Type.String(),
  revocation_endpoint: Type.String(),
  grant_types_supported: Type.Array(Type.String()),
  response_types_supported: Type.Array(Type.String()),
  token_endpoint_auth_methods_supported: Type.Array(Type.String()),
  introspection_endpoint_auth_methods_supported: Type.Array(Type.String()),
  revocation_endpoint_auth_methods_supported: Type.Array(Type.String()),
})

/** Returns what there is, and nothing that a client could take for an endpoint to log in at (RFC 8414, 2). */
function metadata({ edge }: HttpContext): Static<typeof Metadata> {
  const documents = edge.issuer()
  if (!documents) throw notFound({ hint: NO_ISSUER })
  return metadataAt(documents)
}

function metadataAt({ issuer, address }: { issuer: string; address: string }): Static<typeof Metadata> {
  return {
    issuer,
    jwks_uri: `${address}/.well-known/jwks.json`,
    token_endpoint: `${address}/oauth/token`,
    introspection_endpoint: `${address}/oauth/introspect`,
    revocation_endpoint: `${address}/oauth/revoke`,
    grant_types_supported: ['refresh_token'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['none'],
    // A service key as the password of a client, or as a token (RFC 8414, 2).
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
    revocation_endpoint_auth_methods_supported: ['none'],
  }
}

function about(operationId: string, standard: string): About {
  const address = 'https://auth.example.com'
  return {
    operationId,
    tag: 'Keys',
    summary: `Get the issuer and the address of its keys (${standard})`,
    success: 'The metadata of a resource server’s issuer: there is no authorization endpoint',
    examples: { answer: metadataAt({ issuer: address, address }) },
  }
}

const document = (described: About | null) =>
  endpoint({
    about: described,
    responses: { 200: Metadata },
    async handle(ctx, request, reply) {
      return sendCacheable(request, reply, metadata(ctx))
    },
  })

/** `GET /.well-known/oauth-authorization-server` */
export const oauthMetadata = document(about('oauthMetadata', 'RFC 8414'))

/** `GET /.well-known/openid-configuration`: the same, where libraries for OpenID Connect look for it. */
export const openidConfiguration = document(about('openidConfiguration', 'OpenID Connect Discovery'))

/** The metadata of an issuer with a path, which RFC 8414, 3.1 puts at the end of the address. */
export const metadataOfPath = endpoint({
  about: null,
  responses: { 200: Metadata },
  async handle(ctx, request, reply) {
    const found = metadata(ctx)
    const { '*': path = '' } = request.params as Record<string, string>
    if (new URL(found.issuer).pathname !== `/${path}`) throw notFound()
    return sendCacheable(request, reply, found)
  },
})
