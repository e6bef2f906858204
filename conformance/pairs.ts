import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import { expect, expectBody, expectError, expectHeader, expectPairError, expectStatus } from './expect.ts'
import * as flow from './flows.ts'
import { altered, claimsOf, headerOf, unsigned, withClaims } from './jwt.ts'
import { type Promised, promisesOf, Skipped } from './promise.ts'
import { BAD_KEYS, expectOneSuccessor } from './sessions.ts'
import type { Answer, Target } from './target.ts'

const { document, contract } = promisesOf('pairs')
const INVALID = 'Invalid refresh token'
const INVALID_ACCESS = 'Invalid access token'
const USED = 'Refresh token already used'
const PLACES = [0, 1, 7, 20, 33, 50, 64, 80, 84]

/** A pair that promises only look at, with the answer it came in and the GUID it is for. */
function anyPair(target: Target) {
  return target.shared('pair', async () => {
    const guid = await flow.pairGuid(target)
    const answer = await flow.askForPair(target, { auth: { user_guid: guid } })
    return { guid, answer, ...flow.tokensOf(answer) }
  })
}

/** Every error under `/auth/` has one shape. */
async function expectRefusals(target: Target, path: string, bearer: string | undefined): Promise<void> {
  expectPairError(await target.post(path, '{"auth":', { bearer }), 400)
  expectPairError(await target.post(path, '{}', { bearer, headers: { 'content-type': 'text/plain' } }), 415)
  expectPairError(await target.post(path, { auth: 'x'.repeat(32_768) }, { bearer }), 413)
  const answer = await target.get(path)
  expectPairError(answer, 405)
  expectHeader(answer, 'allow', /\bPOST\b/)
}

async function ask(target: Target, key: string | undefined): Promise<Answer> {
  return target.post(flow.PAIR, { auth: { user_guid: await flow.pairGuid(target) } }, { bearer: key })
}

export const pairs: readonly Promised[] = [
  document("POST /auth/token with a user's GUID is 200 with access_token and refresh_token", async (target) => {
    await anyPair(target)
  }),
  document('the access token is a JWT signed with HS512', async (target) => {
    const { answer, access_token } = await anyPair(target)
    const { alg } = headerOf(access_token)
    expect(answer, alg === 'HS512', `an access token of HS512, not of ${JSON.stringify(alg)}`)
  }),
  document('its payload carries guid, ip, jti and exp', async (target) => {
    const { answer, access_token, guid } = await anyPair(target)
    const { guid: seen, ip, jti, exp } = claimsOf(access_token)
    expect(answer, seen === guid, 'the guid that was asked for')
    expect(answer, isIP(String(ip)) !== 0, 'an IP address as ip')
    expect(answer, typeof jti === 'string' && jti !== '', 'a jti')
    expect(answer, Number(exp) > Date.now() / 1000, 'an exp in the future')
  }),
  document('the refresh token is 86 characters of base64url', async (target) => {
    const { answer, refresh_token } = await anyPair(target)
    expect(answer, /^[\w-]{86}$/.test(refresh_token), 'a refresh token of 86 characters of base64url')
  }),
  document(
    'POST /auth/refresh with both halves is 200 with a new pair, which refreshes in its turn',
    async (target) => {
      const first = await flow.issuePair(target)
      const answer = await flow.refreshPair(target, first)
      const second = flow.tokensOf(answer)
      const isNew = second.access_token !== first.access_token && second.refresh_token !== first.refresh_token
      expect(answer, isNew, 'two new tokens')
      await flow.refreshedPair(target, second)
    },
  ),
  document(`a pair that was refreshed is spent: 401 "${USED}"`, async (target) => {
    const pair = await flow.issuePair(target)
    await flow.refreshedPair(target, pair)
    expectPairError(await flow.refreshPair(target, pair), 401, USED)
  }),
  document('a refresh token that was altered is 401', async (target) => {
    const pair = await flow.issuePair(target)
    for (const place of [0, 33, 70]) {
      const refresh_token = altered(pair.refresh_token, place)
      expectPairError(await flow.refreshPair(target, { ...pair, refresh_token }), 401)
    }
  }),
  document('an access token is refreshed only by the refresh token issued with it; another is 401', async (target) => {
    const [one, two] = [await flow.issuePair(target), await flow.issuePair(target)]
    expectPairError(await flow.refreshPair(target, { ...one, refresh_token: two.refresh_token }), 401)
  }),

  contract('a pair is answered with nothing else, and with Cache-Control: no-store', async (target) => {
    const { answer, access_token, refresh_token } = await anyPair(target)
    expectBody(answer, 200, { access_token, refresh_token })
    expectHeader(answer, 'cache-control', /\bno-store\b/)
    const refreshed = await flow.refreshPair(target, await flow.issuePair(target))
    expectBody(refreshed, 200, flow.tokensOf(refreshed))
    expectHeader(refreshed, 'cache-control', /\bno-store\b/)
  }),
  contract('an access token of a pair lives 900 seconds: exp - iat', async (target) => {
    const { answer, access_token } = await anyPair(target)
    const { exp, iat } = claimsOf(access_token)
    expect(answer, Number(exp) - Number(iat) === 900, 'exp - iat = 900')
  }),
  contract('every pair has a jti of its own, and a refreshed one keeps guid and ip', async (target) => {
    const pair = await flow.issuePair(target)
    const answer = await flow.refreshPair(target, pair)
    const [before, after] = [claimsOf(pair.access_token), claimsOf(flow.tokensOf(answer).access_token)]
    expect(answer, after['jti'] !== before['jti'], 'another jti')
    expect(answer, after['guid'] === before['guid'] && after['ip'] === before['ip'], 'the same guid and ip')
  }),
  contract(
    'without auth, or with a GUID that is absent, blank or no string, it is 422 "Missing GUID"',
    async (target) => {
      for (const body of [{}, { auth: {} }, { auth: { user_guid: ' ' } }, { auth: { user_guid: 7 } }, { auth: null }]) {
        expectPairError(await flow.askForPair(target, body), 422, 'Missing GUID')
      }
    },
  ),
  contract('any other string that is nobody\'s GUID is 404 "User not found"', async (target) => {
    for (const user_guid of [randomUUID(), 'x', "' or 1=1"]) {
      expectPairError(await flow.askForPair(target, { auth: { user_guid } }), 404, 'User not found')
    }
  }),
  contract('without a service key, or with a wrong one, it is 401 "Unauthorized"', async (target) => {
    if (target.options.serviceKey === undefined) throw new Skipped('no --service-key was given')
    for (const key of [undefined, randomUUID()]) {
      const answer = await ask(target, key)
      if (answer.status === 200) throw new Skipped('pairs are issued without a key here, as on a development server')
      expectPairError(answer, 401, 'Unauthorized')
      expectHeader(answer, 'www-authenticate', /^Bearer\b/)
    }
  }),
  contract('a user may hold several pairs at once, and all of them refresh', async (target) => {
    const held = [await flow.issuePair(target), await flow.issuePair(target), await flow.issuePair(target)]
    for (const pair of held) await flow.refreshedPair(target, pair)
  }),
  contract('a half that is missing is 422 "Access token is missing" or "Refresh token is missing"', async (target) => {
    const halves = { access_token: 'x.y.z', refresh_token: 'x' }
    const refused = [undefined, '', 5]
    for (const absent of refused) {
      const access = await target.post(flow.REFRESH_PAIR, { auth: { ...halves, access_token: absent } })
      expectPairError(access, 422, 'Access token is missing')
      const refresh = await target.post(flow.REFRESH_PAIR, { auth: { ...halves, refresh_token: absent } })
      expectPairError(refresh, 422, 'Refresh token is missing')
    }
    for (const body of [{}, { auth: {} }]) {
      expectPairError(await target.post(flow.REFRESH_PAIR, body), 422, 'Access token is missing')
    }
  }),
  contract(
    `an access token that was altered, forged or unsigned is 401 "${INVALID_ACCESS}", and harms nothing`,
    async (target) => {
      const pair = await flow.issuePair(target)
      const token = pair.access_token
      const letters = [0, 12, token.indexOf('.') + 5, -60, -20, -2].map((place) => altered(token, place))
      const forged = [unsigned(token), withClaims(token, { guid: randomUUID() }), pair.refresh_token, 'nonsense']
      for (const access_token of [...letters, ...forged]) {
        const answer = await flow.refreshPair(target, { ...pair, access_token })
        expectPairError(answer, 401, INVALID_ACCESS)
        expectHeader(answer, 'www-authenticate', /^Bearer\b/)
      }
      await flow.refreshedPair(target, pair)
    },
  ),
  contract(`an access token of a login is 401 "${INVALID_ACCESS}"`, async (target) => {
    const { access_token } = await flow.anySession(target)
    const pair = await flow.issuePair(target)
    expectPairError(await flow.refreshPair(target, { ...pair, access_token }), 401, INVALID_ACCESS)
  }),
  contract(
    `a refresh token with one letter altered anywhere is 401 "${INVALID}", and harms nothing`,
    async (target) => {
      const pair = await flow.issuePair(target)
      for (const place of PLACES) {
        const refresh_token = altered(pair.refresh_token, place)
        expectPairError(await flow.refreshPair(target, { ...pair, refresh_token }), 401, INVALID)
      }
      await flow.refreshedPair(target, pair)
    },
  ),
  contract(`a refresh token that is none, or of a login, is 401 "${INVALID}"`, async (target) => {
    const pair = await flow.issuePair(target)
    const { refresh_token: ofLogin } = await flow.anySession(target)
    for (const refresh_token of ['nonsense', 'A'.repeat(86), ofLogin, pair.access_token]) {
      expectPairError(await flow.refreshPair(target, { ...pair, refresh_token }), 401, INVALID)
    }
  }),
  contract(`halves of two pairs mixed are 401 "${INVALID}", and both pairs still work`, async (target) => {
    const [one, two] = [await flow.issuePair(target), await flow.issuePair(target)]
    expectPairError(await flow.refreshPair(target, { ...one, refresh_token: two.refresh_token }), 401, INVALID)
    expectPairError(await flow.refreshPair(target, { ...two, refresh_token: one.refresh_token }), 401, INVALID)
    for (const pair of [one, two]) await flow.refreshedPair(target, pair)
  }),
  contract(`old and new halves of one chain mixed are 401 "${INVALID}", and it goes on`, async (target) => {
    const old = await flow.issuePair(target)
    const latest = await flow.refreshedPair(target, old)
    expectPairError(await flow.refreshPair(target, { ...latest, access_token: old.access_token }), 401, INVALID)
    expectPairError(await flow.refreshPair(target, { ...old, access_token: latest.access_token }), 401, INVALID)
    await flow.refreshedPair(target, latest)
  }),
  contract(
    `a spent pair ends its chain: the pair after it is 401 "${INVALID}", itself "${USED}" again`,
    async (target) => {
      const [first, other] = [await flow.issuePair(target), await flow.issuePair(target)]
      const second = await flow.refreshedPair(target, first)
      expectPairError(await flow.refreshPair(target, first), 401, USED)
      expectPairError(await flow.refreshPair(target, second), 401, INVALID)
      expectError(await flow.me(target, second.access_token), 401, 'Missing or invalid token')
      expectPairError(await flow.refreshPair(target, first), 401, USED)
      await flow.refreshedPair(target, other)
    },
  ),
  contract(`a pair spent two refreshes ago is still known: 401 "${USED}"`, async (target) => {
    const first = await flow.issuePair(target)
    const third = await flow.refreshedPair(target, await flow.refreshedPair(target, first))
    expectPairError(await flow.refreshPair(target, first), 401, USED)
    expectPairError(await flow.refreshPair(target, third), 401, INVALID)
  }),
  contract(
    'with the same Idempotency-Key a refresh is repeated with the same successor, which works',
    async (target) => {
      const pair = await flow.issuePair(target)
      const key = randomUUID()
      const answers = [await flow.refreshPair(target, pair, key), await flow.refreshPair(target, pair, key)]
      expectOneSuccessor(answers)
      await flow.refreshedPair(target, flow.tokensOf(answers[1] as Answer))
    },
  ),
  contract(`with another Idempotency-Key it is reuse: 401 "${USED}"`, async (target) => {
    const pair = await flow.issuePair(target)
    await flow.refreshedPair(target, pair, randomUUID())
    expectPairError(await flow.refreshPair(target, pair, randomUUID()), 401, USED)
  }),
  contract('an Idempotency-Key that is none is 400, and the pair stays good', async (target) => {
    const pair = await flow.issuePair(target)
    for (const key of BAD_KEYS) expectPairError(await flow.refreshPair(target, pair, key), 400)
    await flow.refreshedPair(target, pair)
  }),
  contract(`of twenty refreshes at once with one pair one is 200, the others 401 "${USED}"`, async (target) => {
    const pair = await flow.issuePair(target)
    const answers = await Promise.all(Array.from({ length: 20 }, () => flow.refreshPair(target, pair)))
    const refused = answers.filter((answer) => answer.status !== 200)
    for (const answer of refused) expectPairError(answer, 401, USED)
    expect(answers[0] as Answer, refused.length === 19, `one 200 of twenty, not ${20 - refused.length}`)
  }),
  contract('twenty refreshes at once with one pair and one Idempotency-Key get one successor', async (target) => {
    const pair = await flow.issuePair(target)
    const key = randomUUID()
    expectOneSuccessor(await Promise.all(Array.from({ length: 20 }, () => flow.refreshPair(target, pair, key))))
  }),
  contract("/me accepts a pair's access token, and answers its user", async (target) => {
    const { access_token, guid } = await anyPair(target)
    const answer = await flow.me(target, access_token)
    expect(answer, answer.status === 200 && answer.body?.user?.guid === guid, '200 and the user of that guid')
  }),
  contract(
    `logout takes a pair's refresh token: the pair is 401 "${INVALID}" then, /me 401, other pairs live`,
    async (target) => {
      const [pair, other] = [await flow.issuePair(target), await flow.issuePair(target)]
      expectBody(await flow.logOut(target, pair.refresh_token), 200, { message: 'Logged out successfully' })
      expectPairError(await flow.refreshPair(target, pair), 401, INVALID)
      expectError(await flow.me(target, pair.access_token), 401, 'Missing or invalid token')
      expectError(await flow.logOut(target, pair.refresh_token), 401, INVALID)
      await flow.refreshedPair(target, other)
    },
  ),
  contract(
    `POST /api/v1/auth/refresh with a pair's refresh token is 401 "${INVALID}", and harms nothing`,
    async (target) => {
      const pair = await flow.issuePair(target)
      expectError(await flow.refresh(target, pair.refresh_token), 401, INVALID)
      await flow.refreshedPair(target, pair)
    },
  ),
  contract('a deleted user has no pairs and gets none: 401 and 404 "User not found"', async (target) => {
    const user = await flow.signUp(target)
    if (user.guid === undefined) throw new Skipped('sign-up answers no guid')
    const pair = await flow.issuePair(target, user.guid)
    const { access_token } = await flow.logIn(target, user)
    expectStatus(await target.delete(`/api/v1/users/${user.guid}`, { bearer: access_token }), 204)
    expectPairError(await flow.refreshPair(target, pair), 401, INVALID)
    const answer = await flow.askForPair(target, { auth: { user_guid: user.guid } })
    expectPairError(answer, 404, 'User not found')
  }),
  contract('under /auth/, 400, 404, 405 with Allow, 413 and 415 are {"error":"sentence"}', async (target) => {
    await anyPair(target)
    await expectRefusals(target, flow.PAIR, target.options.serviceKey)
    await expectRefusals(target, flow.REFRESH_PAIR, undefined)
    expectPairError(await target.get('/auth/nothing-here'), 404)
  }),
]
