import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { startServer } from '../load/start-server.ts'
import type { Server } from './start-peer.ts'

/** Starts Tessera in production mode, without HTTPS, which no peer has here. */
export async function startTessera(databaseUrl: string): Promise<Server> {
  const { url, child, folder } = await startServer({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    REQUIRE_HTTPS: 'off',
    PAIR_ISSUANCE: 'off',
    JWT_SECRET_KEY: randomBytes(64).toString('hex'),
    DATABASE_URL: databaseUrl,
  })
  const closed = once(child, 'close')
  const end = async () => {
    child.kill('SIGTERM')
    await closed
    rmSync(folder, { recursive: true })
  }
  return { url, end }
}
