// Better Auth is set up on node:http and PostgreSQL as its documentation shows. This is JavaScript because its types are not
// installed where the rest of the project is checked.
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import pg from 'pg'

const auth = betterAuth({
  baseURL: 'http://localhost',
  secret: process.env.SECRET,
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL }),
  emailAndPassword: { enabled: true, requireEmailVerification: false },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  session: { cookieCache: { enabled: false } }, // it would accept a session that has ended
  plugins: [jwt({ disableSettingJwtHeader: true })], // by default get-session signs a token too
})
await (await getMigrations(auth.options)).runMigrations()
const server = createServer(toNodeHandler(auth))
server.listen(0, '127.0.0.1', () => process.stdout.write(`started at 127.0.0.1:${server.address().port}\n`))
process.once('SIGTERM', () => process.exit(0))
