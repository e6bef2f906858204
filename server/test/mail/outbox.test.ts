import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql, { type Sql } from 'sql-template-tag'
import { cleanUp } from '../../src/app/clean-up.ts'
import type { Context } from '../../src/auth/context/context.ts'
import { deliverDue } from '../../src/mail/delivery/delivery.ts'
import { NO_METRICS } from '../../src/observe/metrics.ts'
import { insertUser } from '../../src/storage/account/users.ts'
import type { Database } from '../../src/storage/database/database.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { KEPT_FOR_GOOD } from '../../src/storage/notice/audit-retention.ts'
import { findMail, findMails, insertMail, retryMail } from '../../src/storage/notice/outbox.ts'
import { claimMails, giveUpOldMails, markMailFailed, markMailSent } from '../../src/storage/notice/outbox-delivery.ts'
import { emptyDatabaseUrl, migratedDatabase, onPostgres, openDatabase } from '../support/test-database.ts'

const NOW = new Date('2026-05-01T12:00:00.000Z')
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
const DAY_SECONDS = 86_400

async function addUser(db: Database): Promise<number> {
  const names = { first_name: null, last_name: null }
  const user = {
    guid: crypto.randomUUID(),
    email: `${crypto.randomUUID()}@example.com`,
    password_digest: null,
    ...names,
  }
  return (await insertUser(db, { ...user, role: 'user', locale: 'en' }, NOW)).id
}

async function createOutbox(mails: number): Promise<{ db: Database; user_id: number; ids: number[] }> {
  const db = await migratedDatabase()
  const user_id = await addUser(db)
  for (let mail = 0; mail < mails; mail++) await addMail(db, user_id, `mail ${mail}`, at(-mails + mail))
  return {
    db,
    user_id,
    ids: (await findMails(db, { state: null, afterId: 0, limit: 100 })).map(({ id }) => id).reverse(),
  }
}

function addMail(db: Database, user_id: number, dedupe_key: string, written: Date): Promise<void> {
  const data = { session_id: '', ip: null, user_agent: null, at: written.toISOString() }
  return insertMail(db, { user_id, kind: 'refresh_token_reused', data, dedupe_key }, written)
}

const claim = (db: Database, now = NOW, limit = 5) =>
  claimMails(db, { now, leaseUntil: new Date(now.getTime() + 120_000), limit })
const failure = { nextAttemptAt: at(300), refusals: 1, failedAt: null, reason: 'no' }

test('the oldest mails are claimed first, and a claimed mail cannot be claimed again until its lease ends', async () => {
  const { db, ids } = await createOutbox(7)
  const first = await claim(db)
  assert.deepEqual(
    first.map(({ id }) => id).sort((a, b) => a - b),
    ids.slice(0, 5),
  )
  assert.deepEqual(
    (await claim(db)).map(({ id }) => id).sort((a, b) => a - b),
    ids.slice(5),
  )
  assert.deepEqual(await claim(db, at(119)), [])
  assert.equal((await claim(db, at(120), 10)).length, 7)
})

test('two concurrent claims get different mails, and neither waits for the other', {
  skip: !onPostgres && 'SQLite has one writer',
}, async () => {
  const url = await emptyDatabaseUrl()
  const [db, other] = [await openDatabase(url), await openDatabase(url)]
  await migrate(db, NOW)
  const user_id = await addUser(db)
  for (let mail = 0; mail < 4; mail++) await addMail(db, user_id, `mail ${mail}`, NOW)
  const [claimed, committed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const firstClaim = db.transaction(async (tx) => {
    const mails = await claimMails(tx, { now: NOW, leaseUntil: at(120), limit: 2 })
    claimed.resolve()
    await committed.promise
    return mails
  })
  await claimed.promise
  const secondClaim = await claim(other, NOW, 4)
  committed.resolve()
  assert.deepEqual([(await firstClaim).length, secondClaim.length], [2, 2])
  assert.equal(new Set([...(await firstClaim), ...secondClaim].map(({ id }) => id)).size, 4)
})

test('a sender that lost its lease changes nothing, and a sent mail stays sent', async () => {
  const { db, ids } = await createOutbox(1)
  const [id = 0] = ids
  const [slow] = await claim(db)
  const [fresh] = await claim(db, at(121))
  assert.ok(slow && fresh)
  await markMailFailed(db, { mail: slow, ...failure })
  assert.equal((await findMail(db, id))?.last_error, null)
  assert.ok((await findMail(db, id))?.leased_until)
  await markMailSent(db, id, at(122))
  await markMailFailed(db, { mail: fresh, ...failure, failedAt: at(123) })
  const sent = await findMail(db, id)
  assert.deepEqual([sent?.sent_at, sent?.failed_at, sent?.last_error, sent?.leased_until], [at(122), null, null, null])
  assert.deepEqual(await claim(db, at(9999)), [])
})

test('a manual retry makes a mail due at once and resets its refusals and its age; a mail that was sent or is being sent cannot be retried', async () => {
  const { db, ids } = await createOutbox(3)
  const [waiting = 0, leased = 0, sent = 0] = ids
  const [mail] = await claim(db, NOW, 1)
  assert.ok(mail)
  await markMailFailed(db, { mail, ...failure, failedAt: NOW })
  await markMailSent(db, sent, NOW)
  await claim(db, NOW, 1)
  assert.deepEqual(
    [await retryMail(db, waiting, at(1)), await retryMail(db, leased, at(1)), await retryMail(db, sent, at(1))].map(
      Boolean,
    ),
    [true, false, false],
  )
  assert.ok(await retryMail(db, leased, at(121)), 'the lease has ended')
  const retried = await findMail(db, waiting)
  assert.deepEqual([retried?.next_attempt_at, retried?.failed_at, retried?.refusals], [at(1), null, 0])
  const old = { before: at(0), now: at(200), reason: 'too old' }
  assert.equal(await giveUpOldMails(db, old), 0, 'both were retried by hand since then')
})

test('a mail that waited too long is given up, unless it is being sent', async () => {
  const { db, user_id } = await createOutbox(0)
  await addMail(db, user_id, 'old', at(-5 * DAY_SECONDS))
  await addMail(db, user_id, 'being sent', at(-6 * DAY_SECONDS))
  await addMail(db, user_id, 'young', at(-3 * DAY_SECONDS))
  await claim(db, NOW, 1)
  const given = { before: at(-4 * DAY_SECONDS), now: NOW, reason: 'it waited too long' }
  assert.equal(await giveUpOldMails(db, given), 1)
  const failed = await findMails(db, { state: 'failed', afterId: 0, limit: 9 })
  assert.deepEqual(
    failed.map(({ dedupe_key, last_error }) => [dedupe_key, last_error]),
    [['old', given.reason]],
  )
  assert.equal((await claim(db)).length, 1)
})

test('a delivery round with nothing due runs one read', async () => {
  const { db } = await createOutbox(1)
  await claim(db)
  const statements: string[] = []
  const query = db.query.bind(db)
  db.query = <Row extends object>(statement: Sql) => {
    statements.push(statement.sql.trim())
    return query<Row>(statement)
  }
  const smtp = { send: () => assert.fail('nothing is due') }
  const sender = { name: null, address: 'no-reply@acme.example', publicUrl: null, appUrl: null, ownPages: {} }
  const [{ signal: stopping }, { signal: abandon }] = [new AbortController(), new AbortController()]
  const log = { info() {}, warn() {}, error() {} }
  const tokens = {} as Context['tokens']
  await deliverDue({ db, now: () => NOW, log, smtp, sender, tokens, metrics: NO_METRICS }, { stopping, abandon })
  assert.equal(statements.length, 1)
  assert.match(statements[0] ?? '', /^select /)
})

test('a second mail with the same key is not written and causes no error', async () => {
  const { db, user_id } = await createOutbox(1)
  await addMail(db, user_id, 'mail 0', NOW)
  assert.equal((await findMails(db, { state: null, afterId: 0, limit: 9 })).length, 1)
})

test('a mail with damaged data does not keep others from being read', {
  skip: onPostgres && 'PostgreSQL checks JSON itself',
}, async () => {
  const { db } = await createOutbox(2)
  await db.query(sql`update outbox set data = ${'{broken'} where dedupe_key = ${'mail 0'} returning id`)
  assert.deepEqual(
    (await findMails(db, { state: null, afterId: 0, limit: 9 })).map(({ data }) => Object.keys(data).length > 0),
    [true, false],
  )
})

test('the clean-up deletes mails older than thirty days, sent or not, and no others', async () => {
  const { db, user_id } = await createOutbox(0)
  await addMail(db, user_id, 'old', at(-31 * DAY_SECONDS))
  await addMail(db, user_id, 'young', at(-29 * DAY_SECONDS))
  const settings = { auditRetention: KEPT_FOR_GOOD }
  await cleanUp({ db, now: () => NOW, log: { info() {}, warn() {}, error() {} }, settings })
  assert.deepEqual(
    (await findMails(db, { state: null, afterId: 0, limit: 9 })).map((mail) => mail.dedupe_key),
    ['young'],
  )
})
