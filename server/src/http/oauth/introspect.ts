import { introspect as introspectRule } from '../../auth/token/introspect.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { ACCESS_TOKEN_VARIABLE, EXAMPLE_GUID, EXAMPLE_SESSION_ID } from '../view/examples.ts'
import { tokenInForm } from './token-in-form.ts'

/** `POST /oauth/introspect` (RFC 7662) */
export const introspect = endpoint({
  about: {
    operationId: 'introspect',
    tag: 'OAuth',
    summary: 'Ask whether an access token is good at this moment (RFC 7662)',
    success: 'What the token says, or `{"active":false}`',
    detail:
      'For services with a key of the scope `introspect`. Access tokens of logins and of pairs are looked up: their session must live, and their user must not be disabled. `role`, and the claims of the user and the session, are those of now. Everything else, a refresh token too, is `{"active":false}`; asking never changes a token. A `token_type_hint` is ignored.',
    examples: {
      body: { token: ACCESS_TOKEN_VARIABLE },
      answer: {
        active: true,
        sub: EXAMPLE_GUID,
        sid: EXAMPLE_SESSION_ID,
        role: 'user',
        iat: 1_764_000_000,
        exp: 1_764_000_900,
        jti: '5e0f4a5c-8f1f-4f0b-9d57-0f9c2f1b7a63',
        token_type: 'Bearer',
        amr: ['pwd'],
        auth_time: 1_764_000_000,
      },
    },
  },
  ...tokenInForm(ACCESS_TOKEN_VARIABLE),
  responses: {
    200: Type.Object(
      {
        active: Type.Boolean({ description: 'If it is false, there is nothing else.' }),
        sub: Type.Optional(Type.String({ description: 'The GUID of the user.' })),
        sid: Type.Optional(Type.String({ description: 'The session.' })),
        role: Type.Optional(Type.String()),
        iat: Type.Optional(Type.Integer({ format: 'int64' })),
        exp: Type.Optional(Type.Integer({ format: 'int64' })),
        jti: Type.Optional(Type.String()),
        token_type: Type.Optional(Type.Literal('Bearer')),
        amr: Type.Optional(Type.Array(Type.String(), { description: 'How the user authenticated (RFC 8176).' })),
        auth_time: Type.Optional(Type.Integer({ format: 'int64', description: 'When the user authenticated.' })),
        iss: Type.Optional(Type.String()),
        aud: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
        client_ip: Type.Optional(Type.String({ description: 'The address that a pair was issued to.' })),
      },
      { additionalProperties: true },
    ),
  },
  handle: (ctx, request) => introspectRule(ctx, request.body.token),
})
