import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEnvFile } from '../../src/config/source/env-file.ts'

const parse = (text: string) => parseEnvFile(Buffer.from(text), '.env')

function assertRefused(file: string | Buffer, sentence: RegExp) {
  assert.throws(
    () => parseEnvFile(Buffer.from(file), '.env'),
    (error: Error) => {
      assert.equal(error.name, 'ConfigError')
      assert.match(error.message, sentence)
      assert.doesNotMatch(error.message, /\n|secret/)
      return true
    },
  )
}

test('a .env file has names and values, comments, quotes and several lines', () => {
  const text = [
    '# comment',
    '',
    'HOST=127.0.0.1 # where',
    '  export PORT = 3001  ',
    "MAIL_FROM='Acme #1 <no-reply@acme.example>'",
    'SERVICE_KEYS="one',
    'two" # keys',
    'PUBLIC_URL="a\\nb"',
    'DATABASE_URL=postgres://u:p=@h/d',
    'LOG_LEVEL=',
  ]
  for (const end of ['\n', '\r\n'])
    assert.deepEqual(parse(text.join(end)), {
      HOST: '127.0.0.1',
      PORT: '3001',
      MAIL_FROM: 'Acme #1 <no-reply@acme.example>',
      SERVICE_KEYS: 'one\ntwo',
      PUBLIC_URL: 'a\nb',
      DATABASE_URL: 'postgres://u:p=@h/d',
      LOG_LEVEL: '',
    })
})

test('a value of blanks is empty and swallows no other line', () => {
  const blanks = [' ', '  ', '\t', ' # none', '#']
  for (const blank of blanks)
    assert.deepEqual(parse(`REFRESH_SECRET_KEY=${blank}\nNODE_ENV=production\n`), {
      REFRESH_SECRET_KEY: '',
      NODE_ENV: 'production',
    })
})

test('a .env file in another encoding stops the start', () => {
  assertRefused(Buffer.from('NODE_ENV=production\n', 'utf16le'), /not plain UTF-8/)
  assertRefused(Buffer.from('\uFEFFNODE_ENV=production\n', 'utf16le'), /not plain UTF-8/)
  assertRefused('\uFEFFHOST=0.0.0.0\n', /not plain UTF-8/)
  assertRefused(Buffer.from([0x48, 0x3d, 0xff, 0x0a]), /not plain UTF-8/)
  assertRefused('HOST=a\0b\n', /not plain UTF-8/)
})

test('a line that cannot be read stops the start, by its number and without its value', () => {
  assertRefused('A=1\nNODE_ENV: production\n', /^Line 2 of the file \.env cannot be read: .*NAME=value\.$/)
  assertRefused('NODE_ENV production\n', /^Line 1 /)
  assertRefused('=secret\n', /^Line 1 /)
  assertRefused('NODE-ENV=production\n', /^Line 1 /)
  assertRefused('KEY=my#secret\n', /^Line 1 .* in quotes\.$/)
  assertRefused('\nKEY="my secret\nA=1\n', /^Line 2 .* never closed\.$/)
  assertRefused('KEY="my" secret\n', /^Line 1 .* closing quote\.$/)
})
