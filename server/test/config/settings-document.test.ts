import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Setting } from '../../src/config/settings/setting.ts'
import { SETTINGS } from '../../src/config/settings/settings.ts'

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.*) \| (.*) \|$/gm)].map(
  ([, name = '', standard = '', meaning = '']) => ({ name, standard, meaning }),
)
const settings: Setting<unknown>[] = Object.values(SETTINGS)

/** The default as docs/configuration.md writes it. */
function written({ default: standard, defaultInWords }: Setting<unknown>): string {
  if (standard === null) return defaultInWords
  if (typeof standard === 'string') return `\`${standard}\``
  return `\`${standard.development}\`; production \`${standard.production}\``
}

test('docs/configuration.md lists every setting, in the order of the code', () => {
  assert.deepEqual(
    rows.map(({ name }) => name),
    settings.map(({ name }) => name),
  )
})

test('docs/configuration.md gives the default, unit and meaning of each setting and marks secrets', () => {
  for (const [index, setting] of settings.entries()) {
    const { standard = '', meaning = '' } = rows[index] ?? {}
    const plain = meaning.replace('*secret.* ', '')
    assert.equal(standard, written(setting), setting.name)
    assert.equal(meaning !== plain, setting.secret, `${setting.name} as a secret`)
    assert.ok(plain.startsWith(setting.describe), `${setting.name}: ${plain}`)
    if (setting.unit !== null) assert.match(plain, new RegExp(setting.unit), setting.name)
  }
})
