import type { FastifyReply, FastifyRequest } from 'fastify'
import { endpoint } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { Type } from '../endpoint/schema.ts'
import { isService } from '../guard/service-key.ts'

/** A pair, as those who generate clients can read it: tuples are not understood by all. */
const HashAndNumber = Type.Array(Type.Union([Type.String(), Type.Integer({ format: 'int64' })]), {
  minItems: 2,
  maxItems: 2,
  description: 'A hash, base64url(SHA-256("tessera/ending/v1" ‖ id)) of 16 bytes, and a number.',
})

const Revocations = Type.Object({
  iat: Type.Integer({ format: 'int64', description: 'When the list was as it says, in seconds since 1970.' }),
  cursor: Type.String({ description: 'For `after` of the next request.' }),
  lifetime: Type.Integer({ format: 'int32', description: 'The longest life of a living access token, in seconds.' }),
  sessions: Type.Array(HashAndNumber, {
    description: 'Ended sessions: the hash of the claim `sid`, and the time of the end in seconds since 1970.',
  }),
  subjects: Type.Array(HashAndNumber, {
    description: 'Users: the hash of the claim `sub`, and the least `ver` of their tokens that is still good.',
  }),
  keys: Type.Array(Type.String(), { description: 'The `kid` of each key that was refused within a day.' }),
  sessions_before: Type.Union([Type.String(), Type.Null()], {
    description: 'Every session with a lesser `sid` has ended.',
  }),
  more: Type.Boolean({ description: 'Whether the rest follows: ask again at once.' }),
  reset: Type.Boolean({
    description: 'Whether the list begins anew, because the cursor was absent, unknown or too old.',
  }),
})

/** `GET /.well-known/revocations`: what has ended lately, also while the database is away. */
export const revocations = endpoint({
  about: {
    operationId: 'revocations',
    tag: 'Keys',
    summary: 'Get the sessions, users and keys whose access tokens are void before they expire',
    success: 'What has ended since the cursor, or within the life of an access token',
    detail:
      'For services that verify access tokens by themselves. Where key pairs sign, the answer is a compact JWS of this object, with the type `revocations+jwt`.',
    examples: {
      answer: {
        iat: 1_790_000_000,
        cursor: 'q2sNw1pVfOc.17.1790000000000',
        lifetime: 900,
        sessions: [['3q2-7wAAAAAAAAAAAAAAAA', 1_789_999_998]],
        subjects: [['y-Ks1gAAAAAAAAAAAAAAAA', 2]],
        keys: [],
        sessions_before: null,
        more: false,
        reset: true,
      },
    },
  },
  query: {
    after: { description: 'The cursor of the answer before. Without one, everything is listed.' },
    wait: {
      description:
        'Seconds to wait for news, at most 30. It counts with a service key of the scope `revocations` only.',
    },
  },
  responses: { 200: Revocations },
  signedAs: 'application/jwt',
  async handle(ctx, request, reply) {
    const feed = ctx.revocations
    const { after, wait } = request.query as Record<string, unknown>
    const cursor = typeof after === 'string' ? after : null
    const isHeld = isService(ctx, request, 'revocations')
    if (isHeld && !ctx.isStopping()) await feed.wait(cursor, secondsToWait(wait), untilGone(request))
    const { text, contentType, etag } = await feed.answer(cursor)
    setHeaders(ctx, reply, { isShared: !isHeld && ctx.edge.revocations === 'public', etag })
    if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send()
    return reply.type(contentType).serializer(String).send(text)
  },
})

function secondsToWait(wait: unknown): number {
  return typeof wait === 'string' && /^\d{1,4}$/.test(wait) ? Number(wait) : 0
}

/** Is aborted when the client has gone. */
function untilGone({ raw: { socket } }: FastifyRequest): AbortSignal {
  const gone = new AbortController()
  if (socket.destroyed) gone.abort()
  socket.once('close', () => gone.abort())
  return gone.signal
}

/** Lets caches answer those who ask each second. A connection that a stopping server held goes elsewhere. */
function setHeaders(
  { isStopping }: Pick<HttpContext, 'isStopping'>,
  reply: FastifyReply,
  { isShared, etag }: { isShared: boolean; etag: string },
): void {
  reply.headers({ 'cache-control': isShared ? 'public, max-age=1' : 'private, no-cache', etag })
  if (isStopping()) reply.header('connection', 'close')
}
