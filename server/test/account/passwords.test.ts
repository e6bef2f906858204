import assert from 'node:assert/strict'
import { test } from 'node:test'
import sql from 'sql-template-tag'
import { isCommonPassword } from '../../src/auth/password/common-passwords.ts'
import { validatePassword } from '../../src/auth/password/password-rules.ts'
import { startServer } from '../support/server.ts'
import { tesseraCli } from '../support/tessera-command.ts'

const LONG = 'p'.repeat(40) + 'q'.repeat(50)
const owner = { email: 'ann.smithson@mail.acme-widgets.example', firstName: 'Anneliese', lastName: 'Smithson' }
const settings = {
  passwordMaxBytes: 1024,
  refuseGuessablePasswords: true,
  productWords: ['tessera', 'Acme', 'id.acme.example'],
}
const validate = (password: string) => validatePassword(settings, password, owner)

test('common and leaked passwords are refused, in any case and width, typed on either keyboard', async () => {
  const common = [
    'password123',
    'Password123',
    'PASSWORD123',
    'ｐassword123',
    'qwertyuiop',
    'iloveyou1',
    'йцукенгшщз',
    'Summer2026',
    'Passw0rd!',
    '!!sunshine!!',
  ]
  for (const password of common) assert.deepEqual(await validate(password), ['is too common'], password)
  for (const password of ['correct horse battery', 'пять лошадей и якорь', 'vK2#pQ9!xR', 'x'.repeat(64)])
    assert.deepEqual(await validate(password), [], password)
})

test('a password made of the user’s or the product’s names is refused; one that contains them among others is not', async () => {
  const similar = [
    'ann.smithson@mail.acme-widgets.example',
    'ANN.SMITHSON',
    'smithson2026!',
    'Anneliese1990',
    '!!Tessera2026!!',
    'acme1234acme',
    'widgets-2026',
    '12Smithson-Ann',
  ]
  for (const password of similar)
    assert.deepEqual(await validate(password), ['is too similar to your address or name'], password)
  for (const password of ['smithson rides horses', 'ann and her al', 'tessera hospitalis ok'])
    assert.deepEqual(await validate(password), [], password)
  const compound = { ...owner, firstName: 'Ann Marie', lastName: 'Anna-Maria' }
  const whale = { ...settings, productWords: ['Blue Whale'] }
  for (const password of ['annmarie99', 'AnnaMaria77', '12 Marie 34!', 'BlueWhale2026', 'bluewhale!'])
    assert.equal((await validatePassword(whale, password, compound)).length, 1, password)
  const short = { ...owner, email: 'al@x.io', firstName: 'Al', lastName: null }
  assert.deepEqual(
    await validatePassword(settings, 'algorithmic', short),
    [],
    'words of two letters are in many passwords',
  )
})

test('64 characters of any script and a thousand bytes fit, and no more', async () => {
  for (const letter of ['ж', '漢', '🦊']) assert.deepEqual(await validate(letter.repeat(64)), [])
  assert.deepEqual(await validate('ab'.repeat(512)), [])
  assert.deepEqual(await validate('ab'.repeat(513)), ['is too long (maximum is 1024 bytes)'])
})

test('random passwords are never taken for common ones', () => {
  for (let n = 0; n < 100_000; n++) {
    const password = Math.random().toString(36).slice(2, 14)
    assert.equal(isCommonPassword(password), false, password)
  }
})

test('a digest is never renewed into one that cannot take the whole password', async () => {
  const first = await startServer({ PASSWORD_HASH: 'argon2id' })
  const user = { email: 'long@example.com', password: LONG }
  assert.equal((await first.post('/api/v1/users/sign_up', { user })).status, 200)
  await first.close()
  const second = await startServer({ PASSWORD_HASH: 'bcrypt', DATABASE_URL: first.databaseUrl })
  const logIn = async (password: string) => (await second.post('/api/v1/auth/login', { ...user, password })).status
  assert.deepEqual([await logIn(LONG), await logIn(LONG), await logIn(LONG.slice(0, 72))], [200, 200, 401])
})

test('a right login renews a bcrypt digest to argon2id', async () => {
  const first = await startServer()
  const user = { email: 'ann@example.com', password: 'correct horse' }
  assert.equal((await first.post('/api/v1/users/sign_up', { user })).status, 200)
  await first.close()
  const second = await startServer({ PASSWORD_HASH: 'argon2id', DATABASE_URL: first.databaseUrl })
  for (let n = 0; n < 2; n++) assert.equal((await second.post('/api/v1/auth/login', user)).status, 200)
  const [row] = await second.rows<{ password_digest: string }>(
    sql`select password_digest from users where email = ${user.email}`,
  )
  assert.match(row?.password_digest ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
})

test('the command line refuses common passwords on a database that served production, whatever its shell says', async () => {
  const development = await startServer()
  const create = 'users create boss@example.com --role admin'
  assert.equal((await tesseraCli(development)(create, 'password123')).code, 0)
  const secret = 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ'
  const production = await startServer({ NODE_ENV: 'production', REQUIRE_HTTPS: 'off', JWT_SECRET_KEY: secret })
  const tessera = tesseraCli(production)
  const { code, output } = await tessera(create, 'password123')
  assert.deepEqual([code, output], [1, 'tessera: Password is too common.\n'])
  assert.equal((await tessera(create, 'correct horse battery')).code, 0)
  const weak = await tessera('users set-password boss@example.com', 'boss@example.com')
  assert.deepEqual([weak.code, weak.output], [1, 'tessera: Password is too similar to your address or name.\n'])
})
