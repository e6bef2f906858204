import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/observe/metric-definitions.ts'
import { PAGES } from './pages.ts'

const root = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const page = read('docs/operating/runbooks.md')
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({ title: section.split('\n', 1)[0] ?? '', text: section }))
const runbooks = sections.filter(({ title }) => title !== 'Tickets')
const anchor = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')

interface Rule {
  alert: string
  labels: { severity: string }
  annotations: { runbook_url: string }
}
const rules: Rule[] = parse(read('deploy/prometheus-alerts.yaml')).groups.flatMap(
  ({ rules: each }: { rules: Rule[] }) => each,
)

test('each alert names a runbook that exists, and that names the alert', () => {
  assert.ok(rules.length >= 20)
  for (const { alert, annotations } of rules) {
    const [file, fragment] = annotations.runbook_url.split('#')
    assert.equal(file, 'docs/operating/runbooks.md', alert)
    const section = sections.find(({ title }) => anchor(title) === fragment)
    assert.ok(section?.text.includes(`\`${alert}\``), `${alert}: ${annotations.runbook_url}`)
  }
})

test('an alert that wakes an operator up has a runbook of its own, and no line among the tickets', () => {
  const tickets = sections.find(({ title }) => title === 'Tickets')?.text ?? ''
  for (const { alert, labels } of rules) if (labels.severity === 'page') assert.ok(!tickets.includes(alert), alert)
})

test('each runbook says its symptom, meaning, first command, what to do, what not to do, and when it is over', () => {
  assert.ok(runbooks.length >= 12)
  const parts = ['Symptom', 'Meaning', 'First', 'Do', 'Do not', 'Over when']
  for (const { title, text } of runbooks) {
    const found = [...text.matchAll(/^- \*\*([\w ]+):\*\*/gm)].map(([, part]) => part)
    assert.deepEqual(found, parts, title)
    const first = text.slice(text.indexOf('**First:**'), text.indexOf('**Do:**'))
    assert.match(first, /```sh/, `${title}: no first command`)
  }
})

test('the list at the top leads to every runbook', () => {
  const targets = [...page.matchAll(/^\| .* \| \[.*\]\(#([\w-]+)\) \|$/gm)].map(([, target]) => target)
  assert.deepEqual(
    targets,
    runbooks.map(({ title }) => anchor(title)),
  )
})

test('metrics, alerts and lines of the log in a runbook exist', () => {
  const metrics = Object.keys({ ...COUNTERS, ...GAUGES, ...HISTOGRAMS })
  const alerts = rules.map(({ alert }) => alert)
  for (const [, name = ''] of page.matchAll(/`(tessera_\w+)/g)) assert.ok(metrics.includes(name), name)
  for (const [, name = ''] of page.matchAll(/`(Tessera\w+)`/g)) assert.ok(alerts.includes(name), name)
})

test('links to a heading of these pages lead to one', () => {
  const anchors = (file: string) => [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchor(title))
  for (const { file } of PAGES)
    for (const [, target = '', fragment = ''] of read(file).matchAll(/\]\(([\w./-]*\.md)?#([\w-]+)\)/g)) {
      const linked = target === '' ? file : join(file, '..', target)
      assert.ok(anchors(linked).includes(fragment), `${file}: ${linked}#${fragment}`)
    }
})
