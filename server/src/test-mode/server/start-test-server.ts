import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestServer, TestServerOptions } from '../../../bin/testing.d.ts'
import { type App, createApp } from '../../app/app.ts'
import { ConfigError } from '../../config/source/config-error.ts'
import { InvalidBody } from '../../http/contract/invalid-body.ts'
import { addRoute } from '../../http/server/add-route.ts'
import type { Log } from '../../observe/log.ts'
import { emptyTables } from '../../storage/database/empty-tables.ts'
import type { Bench } from '../bench/bench.ts'
import { DeliveredTokens } from '../bench/delivered-tokens.ts'
import { Faults } from '../bench/faults.ts'
import { TestClock } from '../bench/test-clock.ts'
import { createTestUsers } from '../endpoints/create-users.ts'
import { TIMELESS_PATHS, testRoutes } from '../endpoints/test-routes.ts'
import { createEmptyDatabase } from './empty-database.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'
import { testSettings } from './test-settings.ts'

interface Options extends TestServerOptions {
  log?: Log
}

const SILENT: Log = { info() {}, warn() {}, error() {} }
const OPERATOR = { ip: null, userAgent: 'tessera test' }

/**
 * Starts a real server for the tests of an application: everything is as in production but the database, which is temporary,
 * the cost of hashes, the limits, and the paths below `/test/`. Several run in one process.
 *
 * @throws {ConfigError} for settings or users that it cannot take
 */
export async function startTestServer(options: Options = {}): Promise<TestServer> {
  const { host = '127.0.0.1', port = 0, users = [], settings: changes = {}, log = SILENT, keepsAlive = true } = options
  const { folder, remove } = makeTemporaryFolder()
  try {
    const adminKey = randomBytes(32).toString('hex')
    const file = join(folder, 'tessera.db')
    const config = testSettings({ host, port }, { file, adminKey, changes })
    createEmptyDatabase(file)
    const clock = new TestClock()
    const surroundings = { log, version: readVersion(), clock: clock.milliseconds, isForTests: true }
    const app = await createApp(config, surroundings)
    try {
      const bench = setUpBench(app, { clock, adminKey, users })
      for (const route of testRoutes(bench)) addRoute(app.server, app.ctx, route)
      await createSeed(app, users)
      const url = await app.listen()
      if (!keepsAlive) app.server.server.unref().on('connection', (socket) => socket.unref())
      return {
        url,
        adminKey,
        jwtSecretKey: config.secrets.jwtSecretKey ?? '',
        now: () => clock.now(),
        async stop() {
          bench.faults.clear()
          await app.close()
          remove()
        },
      }
    } catch (error) {
      await app.close()
      throw error
    }
  } catch (error) {
    remove()
    throw error
  }
}

function setUpBench(app: App, own: { clock: TestClock; adminKey: string; users: unknown }): Bench {
  const { server, ctx, background } = app
  const { clock } = own
  const faults = new Faults(server)
  const delivered = new DeliveredTokens(ctx.tokens.refreshKeys)
  server.addHook('onRequest', async ({ method, routeOptions }) => {
    if (method !== 'GET' && !TIMELESS_PATHS.has(routeOptions.url ?? '')) clock.noteUse()
  })
  server.addHook('onSend', async (request, reply, payload) => {
    if (await faults.meet(request)) delivered.note(payload, reply.getHeaders())
    return payload
  })
  return {
    clock,
    faults,
    delivered,
    isAdminKey: keyComparison(own.adminKey),
    async runBackground() {
      await Promise.all([background.runAll(), app.readSigningKeys()])
    },
    writeMails: () => background.deliverMails(),
    async reset() {
      clock.reset()
      faults.clear()
      delivered.clear()
      await emptyTables(ctx.db)
      await createSeed(app, own.users)
    },
  }
}

/** Creates the users that a server begins with. */
async function createSeed({ ctx }: Pick<App, 'ctx'>, users: unknown): Promise<void> {
  try {
    await createTestUsers(ctx, users, OPERATOR)
  } catch (error) {
    if (!(error instanceof InvalidBody)) throw error
    const sentences = Object.entries(error.errors).map(([field, messages]) => `${field} ${messages.join(', ')}`)
    throw new ConfigError(`The users to begin with cannot be created: ${sentences.join('; ')}.`)
  }
}

/** Returns a comparison whose time tells nothing about the key. */
function keyComparison(key: string): (given: string) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(key)
  return (given) => timingSafeEqual(digest(given), expected)
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
}
