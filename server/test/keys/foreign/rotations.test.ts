import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { freePort } from '../../../../harness/free-port.ts'
import { DAY, decodeHeader, MINUTE } from '../../support/keys.ts'
import { startServer } from '../../support/server.ts'
import { decodeClaims, logIn, signUp } from '../../support/users.ts'
import { noPyJwt } from './python.ts'
import { startVerifiers } from './verifiers.ts'

const LIFETIME = 15 * MINUTE
const CLIENTS = 3

/**
 * Seconds at which tokens are issued: now and then, and closely around the end of a period. Verifiers read the keys two seconds
 * before it, so that one which limits how often it reads them has to know the next key already.
 */
const END = 90 * DAY
const MOMENTS = [DAY, 45 * DAY, END - 2, END, END + 150, END + 450, END + 750, END + 880]

test('verifiers that others wrote refuse no token under load, through three rotations', async (t) => {
  const port = String(await freePort())
  const issuer = `http://127.0.0.1:${port}`
  const settings = { JWT_ALGORITHM: 'ES256', PORT: port, PUBLIC_URL: issuer, JWT_AUDIENCE: 'orders' }
  const server = await startServer({ ...settings, SESSION_MAX_AGE: String(400 * DAY) }, {}, () => Date.now())
  // Before the clock stands still: that of hashing threads goes on, and refuses a job as late when it is seconds ahead.
  const users = await Promise.all(Array.from({ length: CLIENTS }, () => signUp(server)))
  const start = Date.now()
  mock.timers.enable({ apis: ['Date'], now: start })
  try {
    const rules = { url: `${issuer}/.well-known/jwks.json`, issuer, audience: 'orders' }
    const verifiers = Object.entries(await startVerifiers(rules))
    const kids = new Set<string | undefined>()
    let living: { at: number; token: string }[] = []
    let checks = 0
    for (const seconds of [0, 1, 2].flatMap((period) => MOMENTS.map((moment) => period * END + moment))) {
      mock.timers.setTime(start + seconds * 1000)
      const logins = await Promise.all(users.map(({ email }) => logIn(server, email)))
      for (const { access_token } of logins) kids.add(decodeHeader(access_token)['kid'])
      const issued = logins.map(({ access_token }) => ({ at: seconds, token: access_token }))
      living = [...living.filter(({ at }) => at > seconds - LIFETIME), ...issued]
      await Promise.all(
        living.flatMap(({ token }) =>
          verifiers.map(async ([name, verify]) => {
            const subject = await verify(token).catch((error) => assert.fail(`${name} after ${seconds} s: ${error}`))
            assert.equal(subject, decodeClaims(token)['sub'], name)
            checks += 1
          }),
        ),
      )
    }
    assert.equal(kids.size, 4, 'three rotations')
    for (const [, verify] of verifiers) await assert.rejects(verify(`${living[0]?.token}A`))
    t.diagnostic(`${checks} checks by ${verifiers.map(([name]) => name).join(', ')}`)
    if (noPyJwt) t.diagnostic(`without PyJWT: ${noPyJwt}`)
  } finally {
    mock.timers.reset()
  }
})
