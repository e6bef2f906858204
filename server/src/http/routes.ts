import { changePassword } from './account/change-password.ts'
import { confirmEmailChange } from './account/confirm-email-change.ts'
import { deleteUser } from './account/delete-user.ts'
import { forgotPassword } from './account/forgot-password.ts'
import { me } from './account/me.ts'
import { requestEmailChange } from './account/request-email-change.ts'
import { requestVerification } from './account/request-verification.ts'
import { resetPassword } from './account/reset-password.ts'
import { signUp } from './account/sign-up.ts'
import { undoEmailChange } from './account/undo-email-change.ts'
import { verifyEmail } from './account/verify-email.ts'
import { setSessionClaims } from './claims/set-session-claims.ts'
import { setUserClaims } from './claims/set-user-claims.ts'
import { oauth } from './contract/oauth.ts'
import { registration } from './contract/registration.ts'
import { standard } from './contract/standard.ts'
import { tokenPairs } from './contract/token-pairs.ts'
import { type Route, route } from './endpoint/route.ts'
import { apiPages } from './guard/api-pages.ts'
import { bearer } from './guard/bearer.ts'
import { developmentMailbox } from './guard/development-mailbox.ts'
import { emailLogin } from './guard/email-login.ts'
import * as limits from './guard/limits.ts'
import { metricsReader } from './guard/metrics-reader.ts'
import { pairIssuance } from './guard/pair-issuance.ts'
import { publishedKeys } from './guard/published-keys.ts'
import { revocationReaders } from './guard/revocations.ts'
import { serviceKey, serviceKeyOrPassword } from './guard/service-key.ts'
import { jwks } from './keys/jwks.ts'
import { metadataOfPath, oauthMetadata, openidConfiguration } from './keys/metadata.ts'
import { revocations } from './keys/revocations.ts'
import { introspect } from './oauth/introspect.ts'
import { oauthToken } from './oauth/oauth-token.ts'
import { revoke } from './oauth/revoke.ts'
import { openapiDocument } from './openapi/openapi-document.ts'
import { health } from './operation/health.ts'
import { metrics } from './operation/metrics.ts'
import { ready } from './operation/ready.ts'
import { devMail, devMailHtml, devMailMessage } from './pages/dev-mail.ts'
import { docsAsset } from './pages/docs-asset.ts'
import { docsPage } from './pages/docs-page.ts'
import { frontPage } from './pages/front-page.ts'
import { linkPage } from './pages/link-page.ts'
import { refresh } from './refresh/refresh.ts'
import { refreshPair } from './refresh/refresh-pair.ts'
import { endSession } from './session/end-session.ts'
import { endSessions } from './session/end-sessions.ts'
import { issuePair } from './session/issue-pair.ts'
import { listSessions } from './session/list-sessions.ts'
import { login } from './session/login.ts'
import { loginByMail } from './session/login-by-mail.ts'
import { logout } from './session/logout.ts'
import { notMe } from './session/not-me.ts'
import { showSession } from './session/show-session.ts'
import { verifyLogin } from './session/verify-login.ts'

const withBearer = { contract: standard, guard: bearer, limit: limits.account } as const
const withMail = { contract: standard, limit: limits.mailSteps } as const

/** The life of an account: passwords, addresses, and what mails lead to. */
const accountRoutes: readonly Route[] = [
  route('POST /api/v1/users/password', changePassword, { ...withBearer, work: 'password' }),
  route('POST /api/v1/users/password/forgot', forgotPassword, { ...withMail, work: 'database' }),
  route('POST /api/v1/users/password/reset', resetPassword, { ...withMail, work: 'password' }),
  route('POST /api/v1/users/email/verification', requestVerification, { ...withBearer, work: 'database' }),
  route('POST /api/v1/users/email/verify', verifyEmail, { ...withBearer, work: 'database' }),
  route('POST /api/v1/users/email/change', requestEmailChange, { ...withBearer, work: 'password' }),
  route('POST /api/v1/users/email/confirm', confirmEmailChange, { ...withBearer, work: 'database' }),
  route('POST /api/v1/users/email/undo', undoEmailChange, { ...withMail, work: 'database' }),
  route('POST /api/v1/auth/login/email', loginByMail, { ...withMail, work: 'database', guard: emailLogin }),
  route('POST /api/v1/auth/login/verify', verifyLogin, { ...withMail, work: 'token' }),
  route('POST /api/v1/auth/not_me', notMe, { ...withMail, work: 'database' }),
]

const keyDocument = { contract: standard, work: 'database', guard: publishedKeys, openDuring: 'maintenance' } as const
const forOperators = { contract: standard, openDuring: 'every state' } as const

/** All routes, each with its contract, its cost, its guard and its limit. */
export const routes: readonly Route[] = [
  route('GET /health', health, { ...forOperators, work: 'none' }),
  route('GET /ready', ready, { ...forOperators, work: 'database' }),
  route('GET /metrics', metrics, { ...forOperators, work: 'none', guard: metricsReader }),

  route('POST /api/v1/users/sign_up', signUp, { contract: registration, work: 'password', limit: limits.signUp }),
  route('DELETE /api/v1/users/:id', deleteUser, {
    contract: standard,
    work: 'database',
    guard: bearer,
    limit: limits.deletion,
  }),

  route('POST /api/v1/auth/login', login, { contract: standard, work: 'password', limit: limits.login }),
  route('POST /api/v1/auth/refresh', refresh, { contract: standard, work: 'token', limit: limits.refresh }),
  route('POST /api/v1/auth/logout', logout, { contract: standard, work: 'token', limit: limits.logout }),
  route('GET /api/v1/auth/me', me, {
    contract: standard,
    work: 'database',
    guard: bearer,
    limit: limits.me,
  }),

  ...accountRoutes,
  ...(
    [
      ['GET /api/v1/auth/sessions', listSessions],
      ['GET /api/v1/auth/sessions/:id', showSession],
      ['DELETE /api/v1/auth/sessions/:id', endSession],
      ['DELETE /api/v1/auth/sessions', endSessions],
    ] as const
  ).map(([name, endpoint]) =>
    route(name, endpoint, { contract: standard, work: 'database', guard: bearer, limit: limits.sessions }),
  ),

  ...(
    [
      ['PUT /api/v1/users/:guid/claims', setUserClaims],
      ['PUT /api/v1/sessions/:sid/claims', setSessionClaims],
    ] as const
  ).map(([name, endpoint]) =>
    route(name, endpoint, { contract: standard, work: 'database', guard: serviceKey('claims'), limit: limits.claims }),
  ),

  route('POST /auth/token', issuePair, {
    contract: tokenPairs,
    work: 'token',
    guard: pairIssuance,
    limit: limits.issuePair,
  }),
  route('POST /auth/refresh', refreshPair, {
    contract: tokenPairs,
    work: 'token',
    limit: limits.refreshPair,
  }),

  route('POST /oauth/token', oauthToken, { contract: oauth, work: 'token', limit: limits.refresh }),
  route('POST /oauth/introspect', introspect, {
    contract: oauth,
    work: 'database',
    guard: serviceKeyOrPassword('introspect'),
    limit: limits.introspect,
  }),
  route('POST /oauth/revoke', revoke, { contract: oauth, work: 'token', limit: limits.revoke }),

  route('GET /.well-known/jwks.json', jwks, keyDocument),
  route('GET /.well-known/oauth-authorization-server', oauthMetadata, keyDocument),
  route('GET /.well-known/oauth-authorization-server/*', metadataOfPath, keyDocument),
  route('GET /.well-known/openid-configuration', openidConfiguration, keyDocument),
  route('GET /.well-known/openid-configuration/*', metadataOfPath, keyDocument),
  route('GET /.well-known/revocations', revocations, {
    contract: standard,
    work: 'token',
    guard: revocationReaders,
    limit: limits.revocations,
    openDuring: 'maintenance',
  }),

  ...(['reset', 'verify', 'confirm', 'undo', 'not_me'] as const).map((name) =>
    route(`GET /${name}`, linkPage(name), { contract: standard, work: 'none' }),
  ),

  route('GET /', frontPage, { contract: standard, work: 'none', guard: apiPages }),
  route('GET /openapi.json', openapiDocument, { contract: standard, work: 'none', guard: apiPages }),
  route('GET /docs', docsPage, { contract: standard, work: 'none', guard: apiPages }),
  route('GET /docs/:asset', docsAsset, { contract: standard, work: 'none', guard: apiPages }),
  route('GET /dev/mail', devMail, { contract: standard, work: 'database', guard: developmentMailbox }),
  route('GET /dev/mail/:id', devMailMessage, { contract: standard, work: 'database', guard: developmentMailbox }),
  route('GET /dev/mail/:id/html', devMailHtml, { contract: standard, work: 'database', guard: developmentMailbox }),
]
