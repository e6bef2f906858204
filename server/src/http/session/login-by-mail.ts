import { drawHolder } from '../../auth/one-time/new-token.ts'
import { PURPOSES } from '../../auth/one-time/purposes.ts'
import { beginLogin } from '../../auth/requested-mail/begin-login.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { mayRequestMail } from '../guard/spend.ts'
import { presentedDevice } from '../request/device-token.ts'
import { preferredLocale } from '../request/preferred-locale.ts'
import { refuseCrossSite } from '../request/same-site.ts'
import { EXAMPLE_LOGIN_TOKEN } from '../view/examples.ts'
import { AskedForCookie } from '../view/login.ts'
import { BegunLoginSchema } from '../view/tokens.ts'

const MESSAGE = 'If the address has an account, a mail with a code is on its way'

/** `POST /api/v1/auth/login/email` */
export const loginByMail = endpoint({
  about: {
    operationId: 'loginByMail',
    tag: 'Authentication',
    summary: 'Begin a login with a code by mail',
    success: 'The same for every address. The code and `login_token` together complete the login',
    detail: '404 unless `EMAIL_LOGIN` is on.',
    takesCookie: true,
    bodiesFor(place, { cookieMode }) {
      const asks = place === 'cookie' && !cookieMode
      return {
        request: Type.Object({ email: Type.String(), ...(asks && { cookie: AskedForCookie }) }),
        answer: BegunLoginSchema,
        examples: {
          body: { email: 'user@example.com', ...(asks && { cookie: true }) },
          answer: { message: MESSAGE, login_token: EXAMPLE_LOGIN_TOKEN, expires_in: 900 },
        },
      }
    },
  },
  body: Type.Object({
    email: Type.String(),
    cookie: Type.Optional(Type.Boolean()),
    device_token: Type.Optional(
      Type.String({
        description: 'From an earlier login of this device: mails that strangers ask for do not stop it.',
      }),
    ),
  }),
  responses: { 202: BegunLoginSchema },
  async handle(ctx, request, reply) {
    const { email, cookie = false } = request.body
    const inCookie = cookie || ctx.edge.cookieMode
    if (inCookie) refuseCrossSite(ctx, request)
    const canonical = canonicalEmail(email)
    const isWritten = canonical !== null && (await mayRequestMail(ctx, request.client.ip))
    ctx.note({ outcome: 'next_step' })
    const begun = isWritten
      ? await beginLogin(
          ctx.db,
          ctx,
          {
            email: canonical,
            userId: null,
            methods: [],
            inCookie,
            deviceDigest: presentedDevice(ctx, request)?.digest ?? null,
            locale: preferredLocale(request),
            client: request.client,
          },
          ctx.now(),
        )
      : { loginToken: drawHolder(ctx).loginToken, expiresInSeconds: PURPOSES.login.lifeSeconds }
    return reply.code(202).send({ message: MESSAGE, login_token: begun.loginToken, expires_in: begun.expiresInSeconds })
  },
})
