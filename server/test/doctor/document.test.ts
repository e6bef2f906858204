import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CHECKS } from '../../src/cli/doctor/checks.ts'
import { throughChecks } from '../../src/cli/doctor/through.ts'

test('docs/doctor.md lists the id of every check, and every link leads to a page', () => {
  const docs = join(import.meta.dirname, '../../../docs')
  const listed = [...readFileSync(join(docs, 'doctor.md'), 'utf8').matchAll(/^\| `([a-z.-]+)` \|/gm)].map(
    ([, id]) => id,
  )
  const checks = [...CHECKS, ...throughChecks({ url: new URL('https://auth.example.com'), plainPort: 80 })]
  assert.deepEqual(listed.toSorted(), ['settings.file', ...new Set(checks.map(({ id }) => id))].toSorted())
  for (const { link } of checks) {
    const [page = '', anchor] = link.split('#')
    const text = readFileSync(join(docs, page), 'utf8').toLowerCase()
    if (anchor) assert.ok(text.includes(`\n## ${anchor.replaceAll('-', ' ')}\n`), link)
  }
})
