import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import sql, { raw } from 'sql-template-tag'
import { cleanUp } from '../../src/app/clean-up.ts'
import { insertSession } from '../../src/storage/session/new-session.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { tesseraCli } from '../support/tessera-command.ts'
import { onPostgres } from '../support/test-database.ts'
import { logInNewUser, logOut, refresh } from '../support/users.ts'

const DAY = 86_400

async function cleanedSessions({ ctx }: TestServer): Promise<number> {
  return (await cleanUp(ctx))['sessions'] ?? 0
}

test('the clean-up deletes expired sessions with their tokens, and no session before its absolute end', async () => {
  const server = await startServer({ REFRESH_TOKEN_ROTATION: 'strict' })
  const active = await logInNewUser(server)
  const ended = await logInNewUser(server)
  await logOut(server, ended.refresh_token)
  await refresh(server, active.refresh_token)
  server.advanceClock({ seconds: 29 * DAY })
  const young = await logInNewUser(server)
  assert.equal(await cleanedSessions(server), 0)
  server.advanceClock({ seconds: DAY })
  assert.equal(await cleanedSessions(server), 2)
  const left = await server.rows<{ user_id: number }>(sql`select user_id from sessions`)
  assert.deepEqual(
    left.map((row) => row.user_id),
    [young.user.id],
  )
  assert.equal((await server.rows(sql`select id from refresh_tokens`)).length, 1)
  assert.equal((await refresh(server, young.refresh_token)).status, 200)
})

test('two concurrent clean-ups delete more than one batch of sessions, and expired rate limits too', async () => {
  const server = await startServer()
  const { db } = server.ctx
  const { user } = await logInNewUser(server)
  const past = new Date(Date.now() - 1000)
  const details = {
    user_id: user.id,
    kind: 'login',
    rotation: 'strict',
    ip: '::1',
    network: '::/64',
    user_agent: null,
    token_carrier: 'body',
    device_digest: null,
    amr: 'pwd',
  } as const
  await db.transaction(async (tx) => {
    for (let n = 0; n < 2500; n++) {
      await insertSession(
        tx,
        { id: randomUUID(), ...details, expires_at: past },
        { now: past, maxSessions: 0, unusedBefore: past },
      )
    }
    await tx.query(sql`insert into rate_limits (key, points, expires_at) values (${'spent'}, ${1}, ${past})`)
    await tx.query(
      sql`insert into rate_limits (key, points, expires_at) values (${'alive'}, ${1}, ${new Date(Date.now() + 60_000)})`,
    )
  })
  const counts = await Promise.all([cleanedSessions(server), cleanedSessions(server)])
  // On PostgreSQL one may have skipped rows that the other had locked; they are deleted all the same.
  assert.equal(counts[0] + counts[1] + (await cleanedSessions(server)), 2500)
  assert.deepEqual(
    (await server.rows<{ key: string }>(sql`select key from rate_limits`)).map((row) => row.key),
    ['alive'],
  )
})

test('tessera clean-up deletes expired sessions beside a running server, and active sessions continue', async () => {
  const server = await startServer()
  const [ended, active] = [await logInNewUser(server), await logInNewUser(server)]
  const past = new Date(Date.now() - 1000)
  await server.rows(sql`update sessions set expires_at = ${past} where user_id = ${ended.user.id} returning id`)
  const tessera = tesseraCli(server)
  assert.deepEqual(await tessera('clean-up'), { code: 0, output: 'Deleted 1 expired session.\n' })
  assert.deepEqual(await tessera('clean-up'), { code: 0, output: 'Deleted 0 expired sessions.\n' })
  assert.equal((await refresh(server, active.refresh_token)).status, 200)
})

test('where the database is too slow for a full batch, smaller ones delete everything all the same', {
  skip: !onPostgres && 'a statement on SQLite is not cut off',
}, async () => {
  const server = await startServer()
  const { db } = server.ctx
  const past = new Date(Date.now() - 1000)
  await db.query(sql`
    insert into rate_limits (key, points, expires_at)
    select 'key ' || n, 1, ${past} from generate_series(1, 900) n returning 1 as one`)
  await db.query(
    raw(
      'create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.002); return old; end $$',
    ),
  )
  await db.query(raw('create trigger slow before delete on rate_limits for each row execute function slow()'))
  const deleted = await cleanUp(server.ctx)
  assert.equal(deleted['rate_limits'], 900)
  assert.equal((await server.rows(sql`select key from rate_limits`)).length, 0)
  const line = server.logs.find(({ msg }) => msg === 'expired rows were deleted')
  assert.equal((line?.['deleted'] as Record<string, number> | undefined)?.['rate_limits'], 900)
})
