import { loginBudgets, networkBudgets, signUpBudgets } from '../auth/limits.ts'
import { bearer } from './bearer.ts'
import { deleteUser } from './delete-user.ts'
import { devMail, devMailHtml, devMailMessage } from './dev-mail.ts'
import { developmentMailbox } from './development-mailbox.ts'
import { docsAsset } from './docs-asset.ts'
import { docsPage } from './docs-page.ts'
import type { Endpoint, Guard, Limit } from './endpoint.ts'
import { frontPage } from './front-page.ts'
import { health } from './health.ts'
import { issuePair } from './issue-pair.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { me } from './me.ts'
import { openapiDocument } from './openapi-document.ts'
import { pairIssuance } from './pair-issuance.ts'
import { ready } from './ready.ts'
import { refresh } from './refresh.ts'
import { refreshPair } from './refresh-pair.ts'
import { signUp } from './sign-up.ts'

export interface Route {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  endpoint: Endpoint
  guard?: Guard
  limit?: Limit
}

const loginLimit: Limit = {
  countedBy: 'shared',
  budgets: ({ client, body }, ctx) => loginBudgets(ctx, client.ip, (body as { email: string }).email),
  givenBackOnSuccess: true,
}
const signUpLimit: Limit = {
  countedBy: 'shared',
  budgets: ({ client }) => signUpBudgets(client.ip),
  givenBackOnSuccess: false,
}

/** Wide enough for a gateway that calls for all its people from one address; a flood from one is stopped cheaply. */
const perMinute = (door: string, points: number): Limit => ({
  countedBy: 'process',
  budgets: ({ client }) => networkBudgets(door, client.ip, points),
  givenBackOnSuccess: false,
})

/** Every route there is, with who may call it and how often. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/health', endpoint: health },
  { method: 'GET', path: '/ready', endpoint: ready },

  { method: 'POST', path: '/api/v1/users/sign_up', endpoint: signUp, limit: signUpLimit },
  { method: 'DELETE', path: '/api/v1/users/:id', endpoint: deleteUser, guard: bearer, limit: perMinute('delete', 600) },

  { method: 'POST', path: '/api/v1/auth/login', endpoint: login, limit: loginLimit },
  { method: 'POST', path: '/api/v1/auth/refresh', endpoint: refresh, limit: perMinute('refresh', 6000) },
  { method: 'POST', path: '/api/v1/auth/logout', endpoint: logout, limit: perMinute('logout', 6000) },
  { method: 'GET', path: '/api/v1/auth/me', endpoint: me, guard: bearer, limit: perMinute('me', 30_000) },

  { method: 'POST', path: '/auth/token', endpoint: issuePair, guard: pairIssuance, limit: perMinute('pair', 6000) },
  { method: 'POST', path: '/auth/refresh', endpoint: refreshPair, limit: perMinute('refresh pair', 6000) },

  { method: 'GET', path: '/', endpoint: frontPage },
  { method: 'GET', path: '/openapi.json', endpoint: openapiDocument },
  { method: 'GET', path: '/docs', endpoint: docsPage },
  { method: 'GET', path: '/docs/:asset', endpoint: docsAsset },
  { method: 'GET', path: '/dev/mail', endpoint: devMail, guard: developmentMailbox },
  { method: 'GET', path: '/dev/mail/:id', endpoint: devMailMessage, guard: developmentMailbox },
  { method: 'GET', path: '/dev/mail/:id/html', endpoint: devMailHtml, guard: developmentMailbox },
]
