import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutSecrets } from '../../src/cli/doctor/report.ts'
import { readConfig } from '../../src/config/reading/config.ts'

test('a secret that an error quotes is taken out of its sentence, also as it stands in an address', () => {
  const config = readConfig({
    JWT_SECRET_KEY: 'the-first-secret',
    SERVICE_KEYS: 'the-second-secret',
    SMTP_URL: 'smtp://mailer:the%20third%20secret@mail.example',
    MAIL_FROM: 'a@example.com',
    REDIS_URL: 'redis://:the-fourth-secret@redis.example',
  })
  const sentence = 'the-first-secret the-second-secret the third secret the%20third%20secret the-fourth-secret'
  const [result] = withoutSecrets([{ id: 'x', verdict: 'error', sentence, fix: sentence, link: 'mail.md' }], config)
  assert.deepEqual([result?.sentence, result?.fix], Array(2).fill('*** *** *** *** ***'))
})
