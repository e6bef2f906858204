import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import { expect, expectBody, expectError, expectHeader, expectPairError, expectStatus } from '../expect.ts'
import * as flow from '../flows.ts'
import { altered, claimsOf, headerOf, unsigned, withClaims } from '../jwt.ts'
import { type Promised, promisesOf, Skipped } from '../promise.ts'
import type { Answer, Target } from '../target.ts'
import { BAD_KEYS, expectOneSuccessor } from './sessions.ts'

const { original, addition } = promisesOf('token-pairs')
const INVALID = 'Invalid refresh token'
const INVALID_ACCESS = 'Invalid access token'
const USED = 'Refresh token already used'
const POSITIONS = [0, 1, 7, 20, 33, 50, 64, 80, 84]

/** Returns a pair for promises that only read it, with its answer and its user's GUID. */
function anyPair(target: Target) {
  return target.shared('pair', async () => {
    const guid = await flow.pairGuid(target)
    const answer = await flow.askForPair(target, { auth: { user_guid: guid } })
    return { guid, answer, ...flow.tokensOf(answer) }
  })
}

/** Expects that errors of a path under `/auth/` have the shape of the contract. */
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
  original("POST /auth/token with a user's GUID is 200 with access_token and refresh_token", async (target) => {
    await anyPair(target)
  }),
  original('the access token is a JWT signed with HS512', async (target) => {
    const { answer, access_token } = await anyPair(target)
    const { alg } = headerOf(access_token)
    expect(answer, alg === 'HS512', `an access token of HS512, not of ${JSON.stringify(alg)}`)
  }),
  original('its payload has guid, ip, jti and exp', async (target) => {
    const { answer, access_token, guid } = await anyPair(target)
    const { guid: seen, ip, jti, exp } = claimsOf(access_token)
    expect(answer, seen === guid, 'the guid that was asked for')
    expect(answer, isIP(String(ip)) !== 0, 'an IP address as ip')
    expect(answer, typeof jti === 'string' && jti !== '', 'a jti')
    expect(answer, Number(exp) > Date.now() / 1000, 'an exp in the future')
  }),
  original('the refresh token is 86 characters of base64url', async (target) => {
    const { answer, refresh_token } = await anyPair(target)
    expect(answer, /^[\w-]{86}$/.test(refresh_token), 'a refresh token of 86 characters of base64url')
  }),
  original('POST /auth/refresh with both halves is 200 with a new pair, which can be refreshed too', async (target) => {
    const first = await flow.issuePair(target)
    const answer = await flow.refreshPair(target, first)
    const second = flow.tokensOf(answer)
    const isNew = second.access_token !== first.access_token && second.refresh_token !== first.refresh_token
    expect(answer, isNew, 'two new tokens')
    await flow.refreshedPair(target, second)
  }),
  original(`a pair that was refreshed is spent: 401 "${USED}"`, async (target) => {
    const pair = await flow.issuePair(target)
    await flow.refreshedPair(target, pair)
    expectPairError(await flow.refreshPair(target, pair), 401, USED)
  }),
  original('an altered refresh token is 401', async (target) => {
    const pair = await flow.issuePair(target)
    for (const position of [0, 33, 70]) {
      const refresh_token = altered(pair.refresh_token, position)
      expectPairError(await flow.refreshPair(target, { ...pair, refresh_token }), 401)
    }
  }),
  original(
    'an access token can be refreshed only with the refresh token issued with it; another is 401',
    async (target) => {
      const [one, two] = [await flow.issuePair(target), await flow.issuePair(target)]
      expectPairError(await flow.refreshPair(target, { ...one, refresh_token: two.refresh_token }), 401)
    },
  ),

  addition('the answer has the pair only, and Cache-Control: no-store', async (target) => {
    const { answer, access_token, refresh_token } = await anyPair(target)
    expectBody(answer, 200, { access_token, refresh_token })
    expectHeader(answer, 'cache-control', /\bno-store\b/)
    const refreshed = await flow.refreshPair(target, await flow.issuePair(target))
    expectBody(refreshed, 200, flow.tokensOf(refreshed))
    expectHeader(refreshed, 'cache-control', /\bno-store\b/)
  }),
  addition('the access token of a pair has a lifetime of 900 seconds: exp - iat', async (target) => {
    const { answer, access_token } = await anyPair(target)
    const { exp, iat } = claimsOf(access_token)
    expect(answer, Number(exp) - Number(iat) === 900, 'exp - iat = 900')
  }),
  addition('every pair has its own jti, and a refreshed pair keeps guid and ip', async (target) => {
    const pair = await flow.issuePair(target)
    const answer = await flow.refreshPair(target, pair)
    const [before, after] = [claimsOf(pair.access_token), claimsOf(flow.tokensOf(answer).access_token)]
    expect(answer, after['jti'] !== before['jti'], 'another jti')
    expect(answer, after['guid'] === before['guid'] && after['ip'] === before['ip'], 'the same guid and ip')
  }),
  addition(
    'without auth, or with a GUID that is missing, blank or not a string, it is 422 "Missing GUID"',
    async (target) => {
      for (const body of [{}, { auth: {} }, { auth: { user_guid: ' ' } }, { auth: { user_guid: 7 } }, { auth: null }]) {
        expectPairError(await flow.askForPair(target, body), 422, 'Missing GUID')
      }
    },
  ),
  addition('any other string that is not the GUID of a user is 404 "User not found"', async (target) => {
    for (const user_guid of [randomUUID(), 'x', "' or 1=1"]) {
      expectPairError(await flow.askForPair(target, { auth: { user_guid } }), 404, 'User not found')
    }
  }),
  addition('without a service key, or with a wrong one, it is 401 "Unauthorized"', async (target) => {
    if (target.options.serviceKey === undefined) throw new Skipped('no --service-key was given')
    for (const key of [undefined, randomUUID()]) {
      const answer = await ask(target, key)
      if (answer.status === 200) throw new Skipped('pairs are issued without a key here, as on a development server')
      expectPairError(answer, 401, 'Unauthorized')
      expectHeader(answer, 'www-authenticate', /^Bearer\b/)
    }
  }),
  addition('a user may hold several pairs at once, and all of them can be refreshed', async (target) => {
    const held = [await flow.issuePair(target), await flow.issuePair(target), await flow.issuePair(target)]
    for (const pair of held) await flow.refreshedPair(target, pair)
  }),
  addition('a missing half is 422 "Access token is missing" or "Refresh token is missing"', async (target) => {
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
  addition(
    `an altered, forged or unsigned access token is 401 "${INVALID_ACCESS}", and changes nothing`,
    async (target) => {
      const pair = await flow.issuePair(target)
      const token = pair.access_token
      const alteredTokens = [0, 12, token.indexOf('.') + 5, -60, -20, -2].map((position) => altered(token, position))
      const forged = [unsigned(token), withClaims(token, { guid: randomUUID() }), pair.refresh_token, 'nonsense']
      for (const access_token of [...alteredTokens, ...forged]) {
        const answer = await flow.refreshPair(target, { ...pair, access_token })
        expectPairError(answer, 401, INVALID_ACCESS)
        expectHeader(answer, 'www-authenticate', /^Bearer\b/)
      }
      await flow.refreshedPair(target, pair)
    },
  ),
  addition(`an access token of a login is 401 "${INVALID_ACCESS}"`, async (target) => {
    const { access_token } = await flow.anySession(target)
    const pair = await flow.issuePair(target)
    expectPairError(await flow.refreshPair(target, { ...pair, access_token }), 401, INVALID_ACCESS)
  }),
  addition(`a refresh token with one altered character is 401 "${INVALID}", and changes nothing`, async (target) => {
    const pair = await flow.issuePair(target)
    for (const position of POSITIONS) {
      const refresh_token = altered(pair.refresh_token, position)
      expectPairError(await flow.refreshPair(target, { ...pair, refresh_token }), 401, INVALID)
    }
    await flow.refreshedPair(target, pair)
  }),
  addition(`an invalid refresh token, or one of a login, is 401 "${INVALID}"`, async (target) => {
    const pair = await flow.issuePair(target)
    const { refresh_token: ofLogin } = await flow.anySession(target)
    for (const refresh_token of ['nonsense', 'A'.repeat(86), ofLogin, pair.access_token]) {
      expectPairError(await flow.refreshPair(target, { ...pair, refresh_token }), 401, INVALID)
    }
  }),
  addition(`mixed halves of two pairs are 401 "${INVALID}", and both pairs stay valid`, async (target) => {
    const [one, two] = [await flow.issuePair(target), await flow.issuePair(target)]
    expectPairError(await flow.refreshPair(target, { ...one, refresh_token: two.refresh_token }), 401, INVALID)
    expectPairError(await flow.refreshPair(target, { ...two, refresh_token: one.refresh_token }), 401, INVALID)
    for (const pair of [one, two]) await flow.refreshedPair(target, pair)
  }),
  addition(`mixed old and new halves of one chain are 401 "${INVALID}", and the chain continues`, async (target) => {
    const old = await flow.issuePair(target)
    const latest = await flow.refreshedPair(target, old)
    expectPairError(await flow.refreshPair(target, { ...latest, access_token: old.access_token }), 401, INVALID)
    expectPairError(await flow.refreshPair(target, { ...old, access_token: latest.access_token }), 401, INVALID)
    await flow.refreshedPair(target, latest)
  }),
  addition(
    `a spent pair ends its chain: its successor is 401 "${INVALID}", and the pair itself "${USED}" again`,
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
  addition(`a pair spent two refreshes ago is still recognised: 401 "${USED}"`, async (target) => {
    const first = await flow.issuePair(target)
    const third = await flow.refreshedPair(target, await flow.refreshedPair(target, first))
    expectPairError(await flow.refreshPair(target, first), 401, USED)
    expectPairError(await flow.refreshPair(target, third), 401, INVALID)
  }),
  addition(
    'with the same Idempotency-Key a refresh is repeated with the same successor, which is valid',
    async (target) => {
      const pair = await flow.issuePair(target)
      const key = randomUUID()
      const answers = [await flow.refreshPair(target, pair, key), await flow.refreshPair(target, pair, key)]
      expectOneSuccessor(answers)
      await flow.refreshedPair(target, flow.tokensOf(answers[1] as Answer))
    },
  ),
  addition(`with another Idempotency-Key it is reuse: 401 "${USED}"`, async (target) => {
    const pair = await flow.issuePair(target)
    await flow.refreshedPair(target, pair, randomUUID())
    expectPairError(await flow.refreshPair(target, pair, randomUUID()), 401, USED)
  }),
  addition('an invalid Idempotency-Key is 400, and the pair stays valid', async (target) => {
    const pair = await flow.issuePair(target)
    for (const key of BAD_KEYS) expectPairError(await flow.refreshPair(target, pair, key), 400)
    await flow.refreshedPair(target, pair)
  }),
  addition(`of twenty refreshes at once with one pair one is 200, the others 401 "${USED}"`, async (target) => {
    const pair = await flow.issuePair(target)
    const answers = await Promise.all(Array.from({ length: 20 }, () => flow.refreshPair(target, pair)))
    const refused = answers.filter((answer) => answer.status !== 200)
    for (const answer of refused) expectPairError(answer, 401, USED)
    expect(answers[0] as Answer, refused.length === 19, `one 200 of twenty, not ${20 - refused.length}`)
  }),
  addition('twenty refreshes at once with one pair and one Idempotency-Key get one successor', async (target) => {
    const pair = await flow.issuePair(target)
    const key = randomUUID()
    expectOneSuccessor(await Promise.all(Array.from({ length: 20 }, () => flow.refreshPair(target, pair, key))))
  }),
  addition("/me accepts a pair's access token, and returns its user", async (target) => {
    const { access_token, guid } = await anyPair(target)
    const answer = await flow.me(target, access_token)
    expect(answer, answer.status === 200 && answer.body?.user?.guid === guid, '200 and the user of that guid')
  }),
  addition(
    `logout accepts a pair's refresh token: then the pair is 401 "${INVALID}", /me 401, and other pairs stay valid`,
    async (target) => {
      const [pair, other] = [await flow.issuePair(target), await flow.issuePair(target)]
      expectBody(await flow.logOut(target, pair.refresh_token), 200, { message: 'Logged out successfully' })
      expectPairError(await flow.refreshPair(target, pair), 401, INVALID)
      expectError(await flow.me(target, pair.access_token), 401, 'Missing or invalid token')
      expectError(await flow.logOut(target, pair.refresh_token), 401, INVALID)
      await flow.refreshedPair(target, other)
    },
  ),
  addition(
    `POST /api/v1/auth/refresh with a pair's refresh token is 401 "${INVALID}", and changes nothing`,
    async (target) => {
      const pair = await flow.issuePair(target)
      expectError(await flow.refresh(target, pair.refresh_token), 401, INVALID)
      await flow.refreshedPair(target, pair)
    },
  ),
  addition('a deleted user has no pairs and gets none: 401 and 404 "User not found"', async (target) => {
    const user = await flow.signUp(target)
    if (user.guid === undefined) throw new Skipped('sign-up returns no guid')
    const pair = await flow.issuePair(target, user.guid)
    const { access_token } = await flow.logIn(target, user)
    expectStatus(await target.delete(`/api/v1/users/${user.guid}`, { bearer: access_token }), 204)
    expectPairError(await flow.refreshPair(target, pair), 401, INVALID)
    const answer = await flow.askForPair(target, { auth: { user_guid: user.guid } })
    expectPairError(answer, 404, 'User not found')
  }),
  addition('under /auth/, 400, 404, 405 with Allow, 413 and 415 are {"error":"sentence"}', async (target) => {
    await anyPair(target)
    await expectRefusals(target, flow.PAIR, target.options.serviceKey)
    await expectRefusals(target, flow.REFRESH_PAIR, undefined)
    expectPairError(await target.get('/auth/nothing-here'), 404)
  }),
]
