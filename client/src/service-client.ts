import { holdAccessToken, readAccessToken } from './access-token.ts'
import { createBackoff } from './backoff.ts'
import { bearerFetch } from './bearer-fetch.ts'
import { startTimer } from './elapsed-time.ts'
import { offline, TesseraError } from './outcomes.ts'
import { createRequests, type Fetch, type Schemas, tokensOf } from './requests.ts'

export interface ServiceClientOptions {
  /** Tessera's address. */
  url: string
  /** One of its `SERVICE_KEYS`. */
  serviceKey: string
  /** The user for whom the service acts. */
  userGuid: string
  /** The origins that get the access token; by default that of `url`. */
  origins?: string[]
  fetch?: Fetch
}

export interface ServiceClient {
  /** @throws {TesseraError} `offline` if there is no verdict; `unauthorized` for a wrong key, `not_found` for an unknown user */
  accessToken(options?: { minValiditySeconds?: number }): Promise<string>
  fetch: Fetch
}

/** So long a new pair is not refreshed after a request that was given up: that may arrive yet, and a pair is never kept. */
const REST_SECONDS = 15

/** A client of a service that acts for a user. Its pair is in memory: one for each process, and never in a store that processes share. */
export function createServiceClient({ serviceKey, userGuid, ...options }: ServiceClientOptions): ServiceClient {
  const url = options.url.replace(/\/+$/, '')
  const send: Fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const requests = createRequests(url, send, false)
  const backoff = createBackoff()
  const read = (token: string) => ({ ...readAccessToken(token), sid: userGuid }) // a new pair is the same user's
  const tokens = holdAccessToken(renew, read)
  let pair: Schemas['Tokens'] | null = null
  let attempt: string | null | undefined
  let wasGivenUp = false
  let rested: (() => number) | null = null

  const refresh = (auth: Schemas['Tokens']) =>
    requests.send('/auth/refresh', { auth }, { headers: attempt ? { 'idempotency-key': attempt } : null })
  const issue = () =>
    requests.send(
      '/auth/token',
      { auth: { user_guid: userGuid } },
      { headers: { authorization: `Bearer ${serviceKey}` } },
    )

  /** Refreshes the pair, or has one issued if there is none any more. */
  async function renew(): Promise<void> {
    if (backoff.isPausing()) throw offline()
    const resting = pair && rested ? REST_SECONDS - rested() : 0
    if (resting > 0) await new Promise((resolve) => setTimeout(resolve, resting * 1000))
    const answer = await (pair ? refresh(pair) : issue())
    const { status, body } = answer
    const issued = tokensOf<'Tokens'>(answer)
    const isRefused = typeof body?.error === 'string' && [401, 404, 422].includes(status)
    if (issued) {
      backoff.succeed()
      rested = wasGivenUp ? startTimer() : null
      wasGivenUp = false
      pair = issued
      attempt = answer.attempt
      tokens.held = read(issued.access_token)
      return
    }
    if (status === 0) wasGivenUp = true
    if (isRefused && !pair) throw new TesseraError(status === 401 ? 'unauthorized' : 'not_found', body.error)
    if (isRefused) pair = null
    else if (!backoff.fail(answer.retryAfter)) throw offline()
    return renew()
  }

  return {
    accessToken: async ({ minValiditySeconds } = {}) => (await tokens.get(minValiditySeconds)) ?? '',
    fetch: bearerFetch(send, tokens, options.origins ?? [url]),
  }
}
