// Measures whether Tessera slows down as its database grows: one server on an empty PostgreSQL and one on a million users
// with ten million refresh tokens, in turn. `TEST_DATABASE_URL=… npm run bench:growth -- [--users 1000000]`
// Filling the database takes minutes and some GB.
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import bcrypt from 'bcrypt'
import pg from 'pg'
import { median, spread } from '../harness/statistics.ts'
import { createSchema } from '../harness/temporary-schema.ts'
import { startContestant } from './load/contestant.ts'
import type { Work } from './load/load.ts'
import { startServer } from './load/start-server.ts'

const { values: options } = parseArgs({
  options: {
    users: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
  },
})
const USERS = Number(options.users)
const SESSIONS_EACH = 5
const COST = 4 // a login's hash would hide the rest
const CLIENTS = 64
const databaseUrl = process.env['TEST_DATABASE_URL']
if (!databaseUrl) throw new Error('TEST_DATABASE_URL is missing: set it to a PostgreSQL database and its superuser')

/** Ids ascend with time, as those of version 7 do. */
const sessionId = (number: string) => `(lpad(to_hex(1790000000000 + ${number}), 12, '0') || '70008000000000000000')`

/** Fills the database as a year of use would: each session has its newest token and the one before. */
const FILL = [
  'set session_replication_role = replica', // the rows are consistent, and checking each key would take an hour
  `insert into users (guid, email, password_digest, role, created_at, updated_at)
   select gen_random_uuid(), 'user' || n || '@example.org', '${bcrypt.hashSync('correct horse battery', COST)}', 'user', now(), now()
   from generate_series(1, ${USERS}) n`,
  `insert into sessions (id, user_id, kind, rotation, ip, auth_time, amr, created_at, refreshed_at, expires_at)
   select ${sessionId('n')}::uuid, 1 + n % ${USERS}, 'login', 'strict', '192.0.2.1', now(), 'pwd', now(), now(),
     now() + interval '30 days' from generate_series(1, ${USERS * SESSIONS_EACH}) n`,
  `insert into refresh_tokens (session_id, user_id, token, generation, token_digest, salt, jti, ip, used_at,
     attempt_digest, expires_at, created_at, updated_at)
   select ${sessionId('n')}::uuid, 1 + n % ${USERS}, left(${sessionId('n')}, 26) || g, g, repeat('d', 43), repeat('s', 22),
     gen_random_uuid(), '192.0.2.1', case when g = 7 then now() end, case when g = 7 then repeat('a', 43) end,
     now() + interval '7 days', now(), now()
   from generate_series(1, ${USERS * SESSIONS_EACH}) n, generate_series(7, 8) g`,
  'vacuum analyze', // as autovacuum would have done
]

const SIZES = `select c.relname as name, c.reltuples::bigint as rows, pg_table_size(c.oid) as data,
  pg_indexes_size(c.oid) as indexes from pg_class c join pg_namespace s on s.oid = c.relnamespace
  where c.relkind = 'r' and s.nspname = current_schema() and c.reltuples > 1000 order by 1`

const print = (line: string) => process.stdout.write(`${line}\n`)

async function fill(url: string): Promise<void> {
  const { child } = await startServer({ DATABASE_URL: url }) // creates the tables
  child.kill('SIGTERM')
  await once(child, 'close')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of FILL) await client.query(statement)
  const { rows } = await client.query(SIZES)
  print('| table | rows | bytes a row, with its indexes |\n|---|---|---|')
  for (const { name, rows: count, data, indexes } of rows)
    print(`| ${name} | ${count} | ${Math.round(data / count)} + ${Math.round(indexes / count)} |`)
  await client.end()
}

const [empty, full] = await Promise.all([createSchema(databaseUrl), createSchema(databaseUrl)])
await fill(full.url)
const settings = (DATABASE_URL: string) => ({ DATABASE_URL, PASSWORD_HASH: 'bcrypt', BCRYPT_COST: `${COST}` })
const few = await startContestant('Tessera', settings(empty.url), CLIENTS)
const many = await startContestant('Tessera', settings(full.url), CLIENTS, USERS)
print('\n| | empty, /s | full, /s | ratio (range) |\n|---|---|---|---|')
for (const work of ['me', 'refresh', 'login'] satisfies Work[]) {
  const order = { work, seconds: Number(options.seconds) }
  for (const contestant of [few, many]) await contestant.measure(order) // warm
  const pairs: [number, number][] = []
  for (let round = 0; round < Number(options.rounds); round++)
    pairs.push([(await few.measure(order)).perSecond, (await many.measure(order)).perSecond])
  const ratios = pairs.map(([a, b]) => b / a)
  const [a, b] = [0, 1].map((index) => Math.round(median(pairs.map((pair) => pair[index] as number))))
  print(`| ${work} | ${a} | ${b} | ${spread(ratios)} |`)
}
await Promise.all([few.end(), many.end()])
await empty.drop()
await full.drop()
process.exit(0)
