// Calls a running development server with each generated client: `tsx calls/run.ts URL`.
import type { Call, Demo } from './call.ts'
import { call as cookie } from './cookie.ts'
import { call as heyApi } from './hey-api.ts'
import { call as kubb } from './kubb.ts'
import { call as openapiFetch } from './openapi-fetch.ts'
import { call as orval } from './orval.ts'
import { call as swaggerTypescriptApi } from './swagger-typescript-api.ts'

const CALLS: Record<string, Call> = { cookie, heyApi, kubb, openapiFetch, orval, swaggerTypescriptApi }

const demo: Demo = { url: process.argv[2] ?? '', email: 'admin@example.com', password: 'password123' }
for (const [name, call] of Object.entries(CALLS)) {
  const email = await call(demo)
  if (email !== demo.email) throw new Error(`The client of ${name} read ${email}.`)
}
