import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, type JudgedChain, type Presentation } from '../../src/auth/refresh/refresh-policy.ts'
import type { TokenRow } from '../../src/storage/session/refresh-tokens.ts'

const NOW = new Date('2026-05-01T12:00:00.000Z')
const WINDOW_SECONDS = 30
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)

const unused = (generation: number, changes: Partial<TokenRow> = {}): TokenRow => ({
  generation,
  token_digest: 'digest',
  salt: 'salt',
  jti: 'jti',
  token_ip: '127.0.0.1',
  used_at: null,
  attempt_digest: null,
  key_digest: null,
  token_expires_at: at(1000),
  token_created_at: at(-60),
  ...changes,
})
const used = (generation: number, secondsAgo = 5, changes: Partial<TokenRow> = {}): TokenRow =>
  unused(generation, { used_at: at(-secondsAgo), attempt_digest: `attempt ${generation}`, ...changes })

const chain = (kind: 'login' | 'pair', tokens: TokenRow[], changes: Partial<JudgedChain> = {}): JudgedChain => ({
  session_id: 'session',
  kind,
  rotation: kind === 'login' ? 'adaptive' : 'strict',
  token_carrier: null,
  expires_at: at(5000),
  revoked_at: null,
  revoke_reason: null,
  user_id: 1,
  guid: 'guid',
  role: 'user',
  token_version: 0,
  disabled_at: null,
  tokens,
  ...changes,
})

/** Presents a generation at the chain's endpoint, with the matching access token and a new key. */
function present(presented: JudgedChain | null, generation: number, changes: Partial<Presentation> = {}) {
  return decide({
    now: NOW,
    endpoint: presented?.kind ?? 'login',
    generation,
    chain: presented,
    digestMatches: presented?.tokens.some((row) => row.generation === generation) ? true : null,
    accessToken: presented?.kind === 'pair' ? 'matches' : 'not_needed',
    attemptDigests: ['another attempt'],
    attemptMadeAt: null,
    replayWindowSeconds: WINDOW_SECONDS,
    inCookie: false,
    ...changes,
  })
}

const INVALID = 'refused invalid_refresh_token'
const EXPIRED = 'refused refresh_token_expired'
const USED = 'refused refresh_token_used'
const reuse = { revoked_at: at(-9), revoke_reason: 'reuse' } as const
const logout = { revoked_at: at(-9), revoke_reason: 'logout' } as const

// biome-ignore format: a table is read line by line
const table: [line: string, situation: string, decision: ReturnType<typeof decide>, expected: string][] = [
  ['0', 'no session', present(null, 0), INVALID],
  ['0', 'a pair at the login endpoint', present(chain('pair', [unused(0)]), 0, { endpoint: 'login' }), INVALID],
  ['0', 'a login token at the pair endpoint', present(chain('login', [unused(0)]), 0, { endpoint: 'pair' }), INVALID],
  ['0', 'a cookie session, token in the body', present(chain('login', [unused(0)], { token_carrier: 'cookie' }), 0), INVALID],
  ['0', 'a body session, token in a cookie', present(chain('login', [unused(0)], { token_carrier: 'body' }), 0, { inCookie: true }), INVALID],
  ['0', 'the wrong way with a spent token: nothing ends', present(chain('login', [used(3), used(4)], { token_carrier: 'body' }), 0, { inCookie: true }), INVALID],
  ['5', 'used 59 s ahead: a clock that differs a little', present(chain('login', [used(0, -59), unused(1)]), 0), 'repeat'],
  ['5', 'used 60 s ahead: the clock was set back', present(chain('login', [used(0, -60), unused(1)]), 0), 'reused'],
  ['5', 'used a day ahead', present(chain('login', [used(0, -86_400), unused(1)]), 0), 'reused'],
  ['6', 'made a day ahead, in a cookie', present(chain('login', [unused(1, { token_created_at: at(86_400) })], { rotation: 'strict' }), 1, { inCookie: true }), 'rotate'],
  ['1', 'an invalid access token is decided before a wrong secret', present(chain('pair', [unused(0)]), 0, { digestMatches: false, accessToken: 'invalid' }), 'refused invalid_access_token'],
  ['3', 'a wrong secret', present(chain('login', [unused(0)]), 0, { digestMatches: false }), 'rolled_back'],
  ['3', 'a wrong secret, used token', present(chain('pair', [used(0), used(1)]), 0, { digestMatches: false }), 'rolled_back'],

  ['1', 'an invalid access token', present(chain('pair', [unused(0)]), 0, { accessToken: 'invalid' }), 'refused invalid_access_token'],
  ['1', 'the half of another pair', present(chain('pair', [unused(0)]), 0, { accessToken: 'of_another' }), INVALID],
  ['1', 'mixed halves, used token', present(chain('pair', [used(0), used(1)]), 0, { accessToken: 'of_another' }), INVALID],
  ['1', 'mixed halves, row pruned', present(chain('pair', [used(3), unused(4)]), 0, { accessToken: 'of_another' }), INVALID],
  ['1', 'mixed halves in an ended session', present(chain('pair', [used(0), unused(1)], reuse), 0, { accessToken: 'of_another' }), INVALID],
  ['1', 'mixed halves, above the newest row', present(chain('pair', [unused(0)]), 7, { accessToken: 'of_another' }), INVALID],

  ['2', 'pair ended by reuse, used token', present(chain('pair', [used(0), unused(1)], reuse), 0), USED],
  ['2', 'pair ended by reuse, row pruned', present(chain('pair', [used(1), unused(2)], reuse), 0), USED],
  ['2', 'pair ended by reuse, newest token', present(chain('pair', [used(0), unused(1)], reuse), 1), INVALID],
  ['2', 'pair ended by reuse and expired, used token', present(chain('pair', [used(0), unused(1)], { ...reuse, expires_at: at(-1) }), 0), USED],
  ['2', 'pair logged out', present(chain('pair', [], logout), 0), INVALID],
  ['2', 'login ended by reuse, used token', present(chain('login', [used(0), used(1)], reuse), 0), INVALID],
  ['2', 'logged out and expired', present(chain('login', [], { ...logout, expires_at: at(-1) }), 0), INVALID],
  ['2', 'at its absolute end', present(chain('login', [unused(0)], { expires_at: at(0) }), 0), EXPIRED],
  ['2', 'a millisecond before its absolute end', present(chain('login', [unused(0)], { expires_at: at(0.001) }), 0), 'offer'],
  ['2', 'session expired, reuse or not', present(chain('pair', [used(4), unused(5)], { expires_at: at(-1) }), 0), EXPIRED],
  ['2', 'user disabled', present(chain('login', [unused(0)], { disabled_at: at(-1) }), 0), INVALID],
  ['2', 'user disabled, token reused', present(chain('pair', [used(0), used(1)], { disabled_at: at(-1) }), 0), INVALID],

  ['3', 'one above the newest row', present(chain('login', [used(0), unused(1)]), 2), 'rolled_back'],
  ['3', 'far above the newest row', present(chain('pair', [used(6), unused(7)]), 4_000_000_000), 'rolled_back'],
  ['3', 'an active session without any row', present(chain('login', []), 0), 'rolled_back'],

  ['4', 'row pruned', present(chain('login', [used(1), unused(2)]), 0), 'reused'],
  ['4', 'row pruned a moment ago, same key', present(chain('login', [used(1, 0), unused(2)]), 0, { attemptDigests: ['attempt 1'] }), 'reused'],
  ['4', 'first token of an adaptive session whose successor was used', present(chain('login', [used(1, 1), unused(2)]), 0), 'reused'],
  ['4', 'token and successor used', present(chain('login', [used(0, 1), used(1, 1)]), 0), 'reused'],
  ['4', 'token and successor used, same key', present(chain('login', [used(0), used(1)]), 0, { attemptDigests: ['attempt 0'] }), 'reused'],
  ['4', 'token used and successor missing', present(chain('login', [used(0, 1)]), 0), 'reused'],

  ['5a', 'successor at its expiry', present(chain('login', [used(0, 1), unused(1, { token_expires_at: at(0) })]), 0), EXPIRED],
  ['5a', 'successor expired, same key', present(chain('pair', [used(0), unused(1, { token_expires_at: at(-1) })]), 0, { attemptDigests: ['attempt 0'] }), EXPIRED],
  ['5a', 'successor a millisecond before its expiry', present(chain('login', [used(0, 1), unused(1, { token_expires_at: at(0.001) })]), 0), 'repeat'],
  ['5b', 'the same key, a day later', present(chain('pair', [used(0, 86_400), unused(1)]), 0, { attemptDigests: ['attempt 0', 'x'] }), 'repeat'],
  ['5b', 'the same key, the token itself expired', present(chain('login', [used(0, 999, { token_expires_at: at(-1) }), unused(1)]), 0, { attemptDigests: ['attempt 0'] }), 'repeat'],
  ['5b', "the server's own retry", present(chain('pair', [used(0, 0), unused(1)]), 0, { attemptDigests: ['another', 'attempt 0'] }), 'repeat'],
  ['5c', 'login, at once', present(chain('login', [used(0, 0), unused(1)]), 0), 'repeat'],
  ['5c', 'login, a millisecond before the window ends', present(chain('login', [used(0, 29.999), unused(1)]), 0), 'repeat'],
  ['5c', 'login, in a later generation', present(chain('login', [used(7, 29), unused(8)]), 7), 'repeat'],
  ['5c', 'login, used by a replica whose clock is ahead', present(chain('login', [used(0, -2), unused(1)]), 0), 'repeat'],
  ['5d', 'login, at the end of the window', present(chain('login', [used(0, 30), unused(1)]), 0), 'reused'],
  ['5d', 'login, another key after the window', present(chain('login', [used(0, 31), unused(1)]), 0, { attemptDigests: ['attempt 1'] }), 'reused'],
  ['5d', 'login, no window', present(chain('login', [used(0, 0), unused(1)]), 0, { replayWindowSeconds: 0 }), 'reused'],
  ['5d', 'pair, at once', present(chain('pair', [used(0, 0), unused(1)]), 0), 'reused'],

  ['6a', 'unused, at its expiry', present(chain('pair', [unused(0, { token_expires_at: at(0) })]), 0), EXPIRED],
  ['6a', 'first token of an adaptive session, expired', present(chain('login', [unused(0, { token_expires_at: at(-1) }), unused(1)]), 0), EXPIRED],
  ['6a', 'unused, a millisecond before its expiry', present(chain('pair', [unused(0, { token_expires_at: at(0.001) })]), 0), 'rotate'],
  ['6a', 'in a cookie, new but expired', present(chain('login', [unused(0, { token_created_at: at(-1), token_expires_at: at(0) })]), 0, { inCookie: true }), EXPIRED],
  ['6b', 'in a cookie, a millisecond before the 30 s end', present(chain('login', [used(4), unused(5, { token_created_at: at(-29.999) })]), 5, { inCookie: true }), 'keep'],
  ['6b', 'in a cookie, the first token', present(chain('login', [unused(0, { token_created_at: at(0) })]), 0, { inCookie: true }), 'keep'],
  ['6b', 'in a cookie, made by a replica whose clock is ahead', present(chain('login', [unused(0, { token_created_at: at(2) })]), 0, { inCookie: true }), 'keep'],
  ['6c', 'in a cookie, the first of an adaptive session after 30 s', present(chain('login', [unused(0, { token_created_at: at(-30) })]), 0, { inCookie: true }), 'offer'],
  ['6d', 'in a cookie, at the end of the 30 s', present(chain('login', [used(4), unused(5, { token_created_at: at(-30) })]), 5, { inCookie: true }), 'rotate'],
  ['6d', 'new, not in a cookie', present(chain('login', [used(4), unused(5, { token_created_at: at(-1) })]), 5), 'rotate'],
  ['6b', 'in a cookie, no window of line 5c', present(chain('login', [used(4), unused(5, { token_created_at: at(-29.999) })]), 5, { inCookie: true, replayWindowSeconds: 0 }), 'keep'],
  ['6d', 'in a cookie, a longer window of line 5c', present(chain('login', [used(4), unused(5, { token_created_at: at(-30) })]), 5, { inCookie: true, replayWindowSeconds: 300 }), 'rotate'],
  ['6b', 'with its attempt, a millisecond before the 30 s end', present(chain('login', [used(4), unused(5)]), 5, { attemptMadeAt: at(-29.999) }), 'keep'],
  ['6d', 'with its attempt, at the end of the 30 s', present(chain('login', [used(4), unused(5)]), 5, { attemptMadeAt: at(-30) }), 'rotate'],
  ['6b', 'with an older attempt, itself a millisecond before the 30 s end', present(chain('login', [used(4), unused(5, { token_created_at: at(-29.999) })]), 5, { attemptMadeAt: at(-40) }), 'keep'],
  ['6b', 'in a cookie with its attempt, a millisecond before the 30 s end', present(chain('login', [used(4), unused(5)]), 5, { inCookie: true, attemptMadeAt: at(-29.999) }), 'keep'],
  ['6d', 'in a cookie with its attempt, at the end of the 30 s', present(chain('login', [used(4), unused(5)]), 5, { inCookie: true, attemptMadeAt: at(-30) }), 'rotate'],
  ['6b', 'with its attempt, no window of line 5c', present(chain('login', [used(4), unused(5)]), 5, { attemptMadeAt: at(0), replayWindowSeconds: 0 }), 'keep'],
  ['6b', 'with its attempt, the first of an adaptive session', present(chain('login', [unused(0), unused(1)]), 0, { attemptMadeAt: at(0) }), 'keep'],
  ['6c', 'with its attempt, the first of an adaptive session after 30 s', present(chain('login', [unused(0)]), 0, { attemptMadeAt: at(-30) }), 'offer'],
  ['6b', 'with its attempt, made 59 s ahead', present(chain('login', [unused(1)]), 1, { attemptMadeAt: at(59) }), 'keep'],
  ['6d', 'with its attempt, made 60 s ahead: the clock was set back', present(chain('login', [unused(1)]), 1, { attemptMadeAt: at(60) }), 'rotate'],
  ['6d', 'with an attempt made 60 s ahead of a new token', present(chain('login', [unused(1, { token_created_at: at(-1) })]), 1, { attemptMadeAt: at(60) }), 'rotate'],
  ['6d', 'a new attempt, of a token made 60 s ahead', present(chain('login', [unused(1, { token_created_at: at(60) })]), 1, { attemptMadeAt: at(-1) }), 'rotate'],
  ['6a', 'with its attempt, expired', present(chain('login', [unused(1, { token_expires_at: at(0) })]), 1, { attemptMadeAt: at(0) }), EXPIRED],
  ['6d', 'a pair is never kept', present(chain('pair', [unused(0, { token_created_at: at(0) })]), 0, { attemptMadeAt: at(0) }), 'rotate'],
  ['5d', 'used, with another attempt a moment old', present(chain('login', [used(0, 30), unused(1)]), 0, { attemptMadeAt: at(0) }), 'reused'],
  ['6c', 'first token of an adaptive session', present(chain('login', [unused(0)]), 0), 'offer'],
  ['6c', 'the same again, successor expired or not', present(chain('login', [unused(0), unused(1, { token_expires_at: at(-1) })]), 0), 'offer'],
  ['6d', 'first token of a strict session', present(chain('login', [unused(0)], { rotation: 'strict' }), 0), 'rotate'],
  ['6d', 'first token of a pair', present(chain('pair', [unused(0)]), 0), 'rotate'],
  ['6d', 'the successor of an adaptive first token', present(chain('login', [unused(0), unused(1)]), 1), 'rotate'],
  ['6d', 'a later generation', present(chain('login', [used(4), unused(5)]), 5), 'rotate'],
]

for (const [line, situation, decision, expected] of table) {
  test(`line ${line}: ${situation}: ${expected}`, () => {
    assert.equal(decision.kind === 'refused' ? `refused ${decision.code}` : decision.kind, expected)
  })
}

test('a decision contains the rows it applies to', () => {
  const rows = [used(4), unused(5)]
  assert.deepEqual(present(chain('login', rows), 4), {
    kind: 'repeat',
    line: 'repeated_in_window',
    used: rows[0],
    successor: rows[1],
  })
  assert.deepEqual(present(chain('login', rows), 5), {
    kind: 'rotate',
    unused: rows[1],
    previousKeyDigest: 'attempt 4',
  })
  const ignored = [used(4, 5, { key_digest: 'the constant key' }), unused(5)]
  const decision = present(chain('login', ignored), 5)
  assert.equal(decision.kind === 'rotate' && decision.previousKeyDigest, 'the constant key')
  const first = [unused(0), unused(1)]
  assert.deepEqual(present(chain('login', first), 0), { kind: 'offer', unused: first[0], successor: first[1] })
  assert.deepEqual(present(chain('login', first.slice(0, 1)), 0), { kind: 'offer', unused: first[0], successor: null })
})
