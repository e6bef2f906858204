import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after } from 'node:test'
import { freePort } from '../../../harness/free-port.ts'
import { administer, createDatabase } from '../support/own-database.ts'
import { startServer, TEST_SECRET, type TestServer } from '../support/server.ts'
import { emptySqliteUrl, onPostgres, temporaryFolder } from '../support/test-database.ts'
import { logIn, refresh } from '../support/users.ts'

const COMMAND = join(import.meta.dirname, '../../bin/tessera.js')
const USER = { email: 'anna@acme.example', password: 'a correct horse' }

/** An installation, as the pages about operation have it in mind. */
export interface Site {
  /** Runs shell lines as printed, in which only addresses and folders are replaced. */
  run(text: string): Promise<{ code: number; output: string }>
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts a server with a user, a session, a reuse and a certificate. */
export async function openSite(): Promise<Site> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'tessera'), `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`)
  chmodSync(join(folder, 'tessera'), 0o700)
  const metricsPort = String(await freePort())
  const restored = `restored_${randomBytes(6).toString('hex')}`
  const settings: Record<string, string> = {
    DATABASE_URL: onPostgres ? await createDatabase() : emptySqliteUrl(),
    JWT_SECRET_KEY: TEST_SECRET,
    JWT_ALGORITHM: 'ES256',
    PASSWORD_HASH: 'bcrypt',
    BCRYPT_COST: '4',
    METRICS_PORT: metricsPort,
    ...makeCertificate(folder),
  }
  if (onPostgres) after(() => administer(`drop database if exists ${restored}`))
  const { TLS_CERT_FILE: _, TLS_KEY_FILE: __, ...ofServer } = settings
  let server = await startServer({ ...ofServer, REFRESH_TOKEN_ROTATION: 'strict', REFRESH_REPLAY_WINDOW: '0' })
  await reuseToken(server)
  // A server that one block starts lives until the page ends.
  const ofPage = AsyncLocalStorage.snapshot()
  const replaced = (text: string) =>
    text
      .replaceAll('https://auth.acme.example', server.url)
      .replaceAll('http://127.0.0.1:3000', server.url)
      .replaceAll('127.0.0.1:9464', `127.0.0.1:${metricsPort}`)
      .replaceAll('/var/backups/tessera', folder)
      .replaceAll('tessera_restored', restored)
  return {
    run(text) {
      const env = { ...settings, PATH: `${folder}${delimiter}${process.env['PATH']}` }
      return new Promise((resolve) =>
        execFile('sh', ['-euc', replaced(text)], { cwd: folder, env }, (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, output: stdout + stderr }),
        ),
      )
    },
    stop: () => server.close(),
    async start() {
      await server.close()
      server = await ofPage(() => startServer(ofServer))
    },
  }
}

/** Signs the user in, uses the refresh token up, and presents it again. */
async function reuseToken(server: TestServer): Promise<void> {
  await server.post('/api/v1/users/sign_up', { user: USER })
  const { refresh_token } = await logIn(server, USER.email, USER.password)
  const { status, body } = await refresh(server, refresh_token)
  if (status !== 200) throw new Error(`The refresh was answered ${status}`)
  await refresh(server, body.refresh_token)
  await refresh(server, refresh_token)
  await logIn(server, USER.email, USER.password)
}

function makeCertificate(folder: string): Record<string, string> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
  const { error } = spawnSync('openssl', ['req', '-x509', ...made, '-subj', '/CN=auth.acme.example', '-days', '90'])
  return error ? {} : { TLS_CERT_FILE: cert, TLS_KEY_FILE: key }
}
