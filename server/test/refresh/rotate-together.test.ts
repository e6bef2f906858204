import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { decide, keptIfMade } from '../../src/auth/refresh/refresh-policy.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { PLANNER_SETTINGS } from '../../src/storage/drivers/postgres-lane-connections.ts'
import { CHAINS, findChain, findToken } from '../../src/storage/session/refresh-tokens.ts'
import { ROTATIONS, rotateManyStatement, type UnreadRotation } from '../../src/storage/session/rotate-together.ts'
import { raiseSessionEpoch } from '../../src/storage/session/session-epoch.ts'
import { ACTIVE_SESSIONS } from '../../src/storage/session/sessions.ts'
import { insertChain, later, now, token } from '../support/chains.ts'
import { migratedDatabase, onPostgres, recoveredErrors } from '../support/test-database.ts'

// The statement that rotates the tokens of many logins, beside the policy, whose commonest line it repeats.

/** The indexes that find a row by its key. */
const KEYS = new Set([
  ...['sessions_pkey', 'users_pkey', 'installation_pkey'],
  'refresh_tokens_session_id_generation_key',
])

const skip = !onPostgres && 'of PostgreSQL'
const WINDOW_SECONDS = 30
const at = (milliseconds: number) => new Date(now.getTime() + milliseconds)

/** A stored chain, and a presentation of one of its tokens. */
interface Situation {
  session?: { kind?: string; rotation?: string; token_carrier?: string | null; expires_at?: Date; revoked_at?: Date }
  isDisabled?: boolean
  isOfLastEpoch?: boolean
  generation?: number
  /** The generations that are stored beside the presented one. */
  stored?: number[]
  presented?: { used_at?: Date; expires_at?: Date; created_at?: Date }
  previous?: { attempt_digest?: string; key_digest?: string | null }
  isOtherSecret?: boolean
  key?: string | null
  inCookie?: boolean
  attemptMadeAt?: Date
}

const inCookie = { inCookie: true, session: { token_carrier: 'cookie', rotation: 'strict' } }

// biome-ignore format: a table is read line by line
const situations: [name: string, situation: Situation][] = [
  ['a token of a login', {}],
  ['a token with a key', { key: 'key' }],
  ['a key that the token before was used with', { key: 'key', previous: { attempt_digest: 'key' } }],
  ['a key that the token before ignored', { key: 'key', previous: { key_digest: 'key' } }],
  ['a key that differs from the ignored one', { key: 'key', previous: { attempt_digest: 'key', key_digest: 'other' } }],
  ['a session of the other kind', { session: { kind: 'pair' } }],
  ['a session that ends now', { session: { expires_at: now } }],
  ['a session that ends a moment later', { session: { expires_at: at(1) } }],
  ['a session that ended', { session: { revoked_at: at(-1) } }],
  ['a session of an earlier epoch', { isOfLastEpoch: true }],
  ['a disabled user', { isDisabled: true }],
  ['a wrong secret', { isOtherSecret: true }],
  ['an unknown generation', { generation: 3, stored: [1, 2] }],
  ['a pruned generation', { generation: 0, stored: [1, 2] }],
  ['a used token, its successor unused', { presented: { used_at: at(-1000) }, stored: [1, 2, 3] }],
  ['a used token without a successor', { presented: { used_at: at(-1000) } }],
  ['a token that expires now', { presented: { expires_at: now } }],
  ['a token that expires a moment later', { presented: { expires_at: at(1) } }],
  ['the first token of an adaptive session', { generation: 0, stored: [0] }],
  ['the first token of an adaptive session, offered', { generation: 0, stored: [0, 1] }],
  ['the first token of a strict session', { generation: 0, stored: [0], session: { rotation: 'strict' } }],
  ['the second token, whose predecessor is unused', { generation: 1, stored: [0, 1] }],
  ['a session whose tokens travel as they like', { session: { token_carrier: null } }],
  ['a session whose tokens travel as they like, in a cookie', { inCookie: true, session: { token_carrier: null } }],
  ['a cookie at a session of bodies', { inCookie: true }],
  ['a body at a session of cookies', { session: { token_carrier: 'cookie' } }],
  ['a cookie, older than the window', { ...inCookie, presented: { created_at: at(-WINDOW_SECONDS * 1000 - 1) } }],
  ['a cookie, as old as the window', { ...inCookie, presented: { created_at: at(-WINDOW_SECONDS * 1000) } }],
  ['a cookie, younger than the window', { ...inCookie, presented: { created_at: at(-WINDOW_SECONDS * 1000 + 1) } }],
  ['a cookie, made now', { ...inCookie, presented: { created_at: now } }],
  ['a cookie, made almost a minute ahead', { ...inCookie, presented: { created_at: at(59_999) } }],
  ['a cookie, made a minute ahead', { ...inCookie, presented: { created_at: at(60_000) } }],
  ['a young token in a body', { presented: { created_at: now } }],
  ['a young token with an old attempt', { attemptMadeAt: at(-30_000), presented: { created_at: at(-29_999) } }],
  ['an old token with an old attempt', { attemptMadeAt: at(-30_000), presented: { created_at: at(-30_001) } }],
  ['a cookie with an old attempt', { ...inCookie, attemptMadeAt: at(-40_000), presented: { created_at: at(-50_000) } }],
]

/** Stores the chain of a situation, and returns its rotation. */
async function store(db: Database, situation: Situation): Promise<UnreadRotation> {
  const { session = {}, generation = 2, stored = [1, 2], previous = {}, presented = {} } = situation
  const ids = await insertChain(db)
  const { kind = 'login', rotation = 'adaptive', token_carrier = 'body', expires_at = later } = session
  await db.query(sql`
    update sessions set kind = ${kind}, rotation = ${rotation}, token_carrier = ${token_carrier},
      expires_at = ${expires_at}, revoked_at = ${session.revoked_at ?? null},
      epoch = epoch - ${situation.isOfLastEpoch ? 1 : 0}
    where id = ${ids.id} returning id`)
  await db.query(sql`
    update users set disabled_at = ${situation.isDisabled ? now : null} where id = ${ids.user_id} returning id`)
  await db.query(sql`delete from refresh_tokens where session_id = ${ids.id} returning id`)
  for (const each of stored) {
    const isUsed = (each < generation && generation > 1) || (each === generation && presented.used_at)
    const row = token(ids, each)
    const {
      expires_at: end = later,
      created_at = at(-90_000),
      used_at = at(-5000),
    } = each === generation ? presented : {}
    const { attempt_digest = 'an attempt', key_digest = null } = each === generation - 1 ? previous : {}
    await db.query(sql`
      insert into refresh_tokens (session_id, user_id, token, generation, token_digest, salt, jti, ip, used_at,
        attempt_digest, key_digest, expires_at, created_at, updated_at)
      values (${ids.id}, ${ids.user_id}, ${row.token}, ${each}, ${`digest ${each}`}, ${row.salt}, ${row.jti}, '::1',
        ${isUsed ? used_at : null}, ${isUsed ? attempt_digest : null}, ${isUsed ? key_digest : null}, ${end},
        ${created_at}, ${created_at}) returning id`)
  }
  const { session_id, user_id, ...successor } = token(ids, generation + 1)
  const kept = keptIfMade({
    inCookie: situation.inCookie ?? false,
    attemptMadeAt: situation.attemptMadeAt ?? null,
    now,
  })
  assert.ok(kept !== 'any', 'a token with a young attempt is not tried')
  return {
    sessionId: ids.id,
    generation,
    tokenDigest: situation.isOtherSecret ? 'another' : `digest ${generation}`,
    carrier: situation.inCookie ? 'cookie' : 'body',
    keptIfMade: kept,
    keyDigest: situation.key ?? null,
    randomDigest: randomUUID(),
    successor: { ...successor, expires_at: at(600_000) },
    now,
  }
}

/** Decides as the policy does, with the digests that a rotation then stores. */
async function decideFor(
  db: Database,
  { inCookie = false, isOtherSecret = false, attemptMadeAt }: Situation,
  asked: UnreadRotation,
) {
  const { generation, keyDigest, randomDigest } = asked
  const chain = await findChain(db, asked.sessionId)
  const decision = decide({
    now,
    endpoint: 'login',
    generation,
    chain,
    digestMatches: chain && findToken(chain, generation) ? !isOtherSecret : null,
    accessToken: 'not_needed',
    attemptDigests: [keyDigest ?? randomDigest],
    attemptMadeAt: attemptMadeAt ?? null,
    replayWindowSeconds: 10,
    inCookie,
  })
  if (decision.kind !== 'rotate') return null
  const ignored = keyDigest !== null && keyDigest === decision.previousKeyDigest
  return {
    attempt_digest: ignored ? randomDigest : (keyDigest ?? randomDigest),
    key_digest: ignored ? keyDigest : null,
  }
}

type Rows = { generation: number }[]
const everything = (db: Database, sessionId: string) =>
  db.query<Rows[0]>(sql`
    select s.refreshed_at, t.* from sessions s left join refresh_tokens t on t.session_id = s.id
    where s.id = ${sessionId} order by t.generation`)

test('the statement rotates exactly what the policy rotates, alone and among others', { skip }, async () => {
  const db = await migratedDatabase()
  await db.transaction((tx) => raiseSessionEpoch(tx, now))
  const together = await Promise.all(situations.map(([, situation]) => store(db, situation)))
  const alone = await Promise.all(situations.map(([, situation]) => store(db, situation)))
  const stored = [...together, ...alone]
  const expected = await Promise.all(
    stored.map((rotation, n) => decideFor(db, situations[n % situations.length]?.[1] ?? {}, rotation)),
  )
  const before = await Promise.all(stored.map(({ sessionId }) => everything(db, sessionId)))
  const results = await ROTATIONS.many(db, together)
  for (const rotation of alone) results.push(await ROTATIONS.one(db, rotation))
  assert.ok(expected.some(Boolean) && !expected.every(Boolean))
  for (const [n, rotation] of stored.entries()) {
    const [name = '', situation = {}] = situations[n % situations.length] ?? []
    const digests = expected[n]
    const offered = situation.stored?.includes(rotation.generation + 1)
    assert.equal(results[n] !== null, Boolean(digests) && !offered, name)
    const after = await everything(db, rotation.sessionId)
    if (!digests) {
      assert.deepEqual(after, before[n], `nothing changes: ${name}`)
      continue
    }
    const chain = await findChain(db, rotation.sessionId)
    assert.deepEqual(chain?.tokens.map((row) => row.generation).sort(), [rotation.generation, rotation.generation + 1])
    const used = chain && findToken(chain, rotation.generation)
    assert.deepEqual({ attempt_digest: used?.attempt_digest, key_digest: used?.key_digest }, digests, name)
    assert.deepEqual(used?.used_at, now)
    const next = chain && findToken(chain, rotation.generation + 1)
    const { token_digest, salt, jti } = rotation.successor
    assert.deepEqual([next?.token_digest, next?.salt, next?.jti], [token_digest, salt, jti])
    const end = new Date(Math.min(at(600_000).getTime(), chain?.expires_at.getTime() ?? 0))
    assert.deepEqual([next?.token_expires_at, next?.token_created_at], [end, now])
    const { guid, role, token_version, user_claims, session_claims, authenticated_at, amr } = chain ?? {}
    assert.deepEqual(results[n], {
      ...{
        session_id: rotation.sessionId,
        guid,
        role,
        token_version,
        user_claims,
        session_claims,
        authenticated_at,
        amr,
      },
      ...{ session_expires_at: chain?.expires_at, token_expires_at: end },
    })
  }
})

test('what another transaction has locked is left to it at once, and the rest is rotated', { skip }, async () => {
  const db = await migratedDatabase()
  const rotations = await Promise.all(Array.from({ length: 6 }, () => store(db, {})))
  const [byUser, bySession] = rotations as [UnreadRotation, UnreadRotation]
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const holder = db.transaction(async (tx) => {
    await tx.query(sql`
      select id from users where id = (select user_id from sessions where id = ${byUser.sessionId}) for update`)
    await tx.query(sql`select id from sessions where id = ${bySession.sessionId} for no key update`)
    locked.resolve()
    await release.promise
  })
  await locked.promise
  const results = await ROTATIONS.many(db, rotations)
  assert.deepEqual(results.map(Boolean), [false, false, true, true, true, true])
  assert.equal(await ROTATIONS.one(db, bySession), null)
  release.resolve()
  await holder
  assert.deepEqual(recoveredErrors, [])
})

test('the plans of all batches go by indexes, however small or unknown the tables are', { skip }, async () => {
  const db = await migratedDatabase()
  const rotations = await Promise.all(Array.from({ length: 3 }, () => store(db, {})))
  const batches = await capture(async (queries) => {
    await ROTATIONS.many(queries, rotations)
    await ROTATIONS.one(queries, rotations[0] as UnreadRotation)
    await CHAINS.many(queries, [randomUUID(), randomUUID()])
    const claimed = { id: randomUUID(), kind: 'login', userGuid: randomUUID(), now } as const
    await ACTIVE_SESSIONS.many(queries, [claimed, claimed])
  })
  assert.equal(batches.length, 4)
  assert.equal(rotateManyStatement(rotations).text, batches[0]?.text)
  for (const analyzed of [false, true]) {
    if (analyzed) await db.transaction((tx) => tx.script('analyze users; analyze sessions; analyze refresh_tokens'))
    for (const { text, values } of batches) {
      const plan = await db.transaction(async (tx) => {
        const settings = Object.entries(PLANNER_SETTINGS).map(([name, value]) => `set local ${name} = ${value};`)
        await tx.script(settings.join(' '))
        const given = values.map((value) =>
          value === null ? 'null' : `'${String(value instanceof Date ? value.toISOString() : value)}'`,
        )
        await tx.script(`deallocate all; prepare held as ${text}`)
        return tx.query<{ 'QUERY PLAN': string }>(sql([`explain execute held(${given.join(', ')})`]))
      })
      const lines = plan.map((row) => row['QUERY PLAN'])
      const scanned = lines.flatMap((line) => /Scan using (\w+)|(?:Seq|Bitmap).* on (\w+)/.exec(line)?.slice(1) ?? [])
      const names = new Set(scanned.filter((name) => name !== undefined))
      assert.deepEqual(
        [...names].filter((name) => !KEYS.has(name)),
        [],
        lines.join('\n'),
      )
      assert.ok(names.has('sessions_pkey'))
    }
  }
})

async function capture(run: (queries: Database) => Promise<unknown>): Promise<{ text: string; values: unknown[] }[]> {
  const statements: { text: string; values: unknown[] }[] = []
  const queries = {
    dialect: 'postgres',
    query: async (statement: { text: string; values: unknown[] }) => {
      statements.push({ text: statement.text, values: statement.values })
      return []
    },
  }
  await run(queries as unknown as Database)
  return statements
}
