import { loginBudgets, requestBudgets, signUpBudgets } from '../../auth/limit/budgets.ts'
import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { EndpointRequest } from '../endpoint/endpoint.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import type { Limit } from '../endpoint/limit.ts'
import { presentedDevice } from '../request/device-token.ts'
import { readRefreshCookie } from '../request/refresh-cookie.ts'
import { requireCaller } from './bearer.ts'
import { requireService } from './service-key.ts'

// The limit of each endpoint. Only those that check passwords cost a statement.

export const login: Limit = {
  countedBy: 'shared',
  budgets: (request, ctx) => {
    const { email } = request.body as { email: string }
    return loginBudgets(ctx, { ip: request.client.ip, email, device: presentedDevice(ctx, request) })
  },
}

export const signUp: Limit = { countedBy: 'shared', budgets: ({ client }) => signUpBudgets(client.ip) }

export const refresh = perSession(
  'refresh',
  (request) => tokenInBody(request) ?? readRefreshCookie(request)?.refreshToken,
)
export const logout = perSession(
  'logout',
  (request) => tokenInBody(request) ?? readRefreshCookie(request)?.refreshToken,
)
export const refreshPair = perSession('refresh-pair', ({ body }) => {
  return (body as { auth: { refresh_token: string } }).auth.refresh_token
})

export const revoke = perSession('revoke', ({ body }) => (body as { token: string }).token)

/** Counts per key: a service asks about the tokens of all its users. */
export const introspect: Limit = {
  countedBy: 'process',
  budgets: (request) => requestBudgets('introspect', requireService(request).keyId, 60_000),
}

export const issuePair: Limit = {
  countedBy: 'process',
  budgets: ({ client }, { edge }) => requestBudgets('pair', clientNetwork(client.ip), edge.limits.pairs),
}

/** Counts what a service changes by its key, whatever address it has. */
export const claims: Limit = {
  countedBy: 'process',
  budgets: (request) => requestBudgets('claims', requireService(request).keyId, 6000),
}

/** Counts those who ask each second what has ended; a held question counts once. */
export const revocations: Limit = {
  countedBy: 'process',
  budgets: ({ client }) => requestBudgets('revocations', clientNetwork(client.ip), 6000),
}

export const me: Limit = {
  countedBy: 'process',
  budgets: (request) => requestBudgets('me', requireCaller(request).sessionId, 6000),
}

export const deletion: Limit = {
  countedBy: 'process',
  budgets: (request) => requestBudgets('delete', requireCaller(request).sessionId, 600),
}

/** Counts the lists and the ends of sessions per user, whichever of their sessions asks. */
export const sessions: Limit = {
  countedBy: 'process',
  budgets: (request) => requestBudgets('sessions', `${requireCaller(request).userId}`, 60),
}

/** Counts the steps of a user that need an access token: a password, an address. */
export const account: Limit = {
  countedBy: 'process',
  budgets: (request) => requestBudgets('account', `${requireCaller(request).userId}`, 60),
}

/** Counts links, codes and requests for mails by network: they come without an access token. */
export const mailSteps: Limit = {
  countedBy: 'process',
  budgets: ({ client }) => requestBudgets('mail-step', clientNetwork(client.ip), 600),
}

/**
 * Limits refresh tokens that this server made by their session, and all others by network: no neighbour's garbage keeps a
 * client from refreshing.
 */
function perSession(kind: string, presented: (request: EndpointRequest) => string | undefined): Limit {
  return {
    countedBy: 'process',
    budgets(request: EndpointRequest, { tokens, edge }: HttpContext) {
      const token = readRefreshToken(tokens.refreshKeys, presented(request) ?? '')
      if (token) return requestBudgets(kind, token.sessionId, 600)
      return requestBudgets(`${kind}-garbage`, clientNetwork(request.client.ip), edge.limits.refreshes)
    },
  }
}

function tokenInBody({ body }: EndpointRequest): string | undefined {
  return (body as { refresh_token?: string }).refresh_token
}
