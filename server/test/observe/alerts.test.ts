import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/observe/metric-definitions.ts'
import { startServer } from '../support/server.ts'
import { onPostgres, temporaryFolder } from '../support/test-database.ts'
import { issuePair, logInNewUser, me, refresh } from '../support/users.ts'
import { METRICS_KEY, SERVICES } from './figures.ts'

const deploy = join(import.meta.dirname, '../../../deploy')
const ALERTS = join(deploy, 'prometheus-alerts.yaml')
const alerts = readFileSync(ALERTS, 'utf8')
const dashboard = JSON.parse(readFileSync(join(deploy, 'grafana-dashboard.json'), 'utf8'))
const noPromtool = spawnSync('promtool', ['--version']).error !== undefined && 'promtool is not installed'

type Labels = Readonly<Record<string, readonly string[] | null>>

/** Every series of the definitions, by the name that Prometheus has for it. */
const SERIES = new Map<string, Labels>([
  ...Object.entries<{ labels: Labels }>({ ...COUNTERS, ...GAUGES }).map(
    ([name, { labels }]) => [name, labels] as const,
  ),
  ...Object.entries<{ labels: Labels }>(HISTOGRAMS).flatMap(([name, { labels }]) => [
    [`${name}_bucket`, { ...labels, le: null }] as const,
    [`${name}_count`, labels] as const,
    [`${name}_sum`, labels] as const,
  ]),
])
/** Labels that Prometheus adds. */
const OF_A_SCRAPE = ['instance', 'job']

interface Expression {
  where: string
  text: string
}

function expressions(): Expression[] {
  const rules = alerts.split(/^ {6}- alert: /m).slice(1)
  const ofRules = rules.map((rule) => {
    const [, block = '', line = ''] = /expr: (?:\|\n((?: {10}.*\n)+)|(.*))/.exec(rule) ?? []
    return { where: rule.split('\n', 1)[0] ?? '', text: block || line }
  })
  const panels = dashboard.panels as { title: string; targets?: { expr: string; legendFormat: string }[] }[]
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: title, text: expr })),
  )
  return [...ofRules, ...ofPanels]
}

test('alerts and dashboard ask only for metrics, labels and values that exist', () => {
  const all = expressions()
  assert.ok(all.length > 70, `${all.length} expressions`)
  for (const { where, text } of all) {
    const names = [...text.matchAll(/\b(tessera_\w+)(?:\{([^}]*)\})?/g)]
    const known = names.map(([, name = '', matchers = '']) => {
      const labels = SERIES.get(name)
      assert.ok(labels, `${where}: ${name}`)
      for (const [, label = '', operator, value = ''] of matchers.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)) {
        assert.ok(label in labels, `${where}: ${name} has no label ${label}`)
        const values = labels[label]
        const fits = (each: string) => (operator === '=~' ? new RegExp(`^(?:${value})$`).test(each) : each === value)
        if (values) assert.ok(values.some(fits), `${where}: no ${label} is ${value}`)
        if (values && operator === '=~' && !value.includes('*'))
          for (const part of value.split('|')) assert.ok(values.includes(part), `${where}: no ${label} is ${part}`)
      }
      return Object.keys(labels)
    })
    const allowed = new Set([...known.flat(), ...OF_A_SCRAPE])
    for (const [, by = ''] of text.matchAll(/\bby \(([^)]*)\)/g))
      for (const label of by.split(/, */)) assert.ok(allowed.has(label), `${where}: by ${label}`)
  }
})

test('the panels of the dashboard have names, ids of their own, and legends of their own labels', () => {
  const { panels } = dashboard
  assert.equal(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length)
  for (const { title, type, targets = [] } of panels) {
    assert.ok(title)
    assert.ok(type === 'row' || targets.length > 0, title)
    for (const { expr, legendFormat } of targets)
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        assert.match(expr, new RegExp(`\\bby \\([^)]*\\b${label}\\b`), `${title}: ${legendFormat}`)
  }
})

test('every metric has a place in an alert or on the dashboard', () => {
  const text = expressions()
    .map((each) => each.text)
    .join('\n')
  for (const name of [...Object.keys({ ...COUNTERS, ...GAUGES, ...HISTOGRAMS })]) assert.ok(text.includes(name), name)
})

test('promtool accepts the alerts', { skip: noPromtool }, () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', ALERTS], { encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
})

/** Servers that are ready for an hour, and when each of them has cleaned up: at minute 10, 20 and so on, or never. */
const HOUR = "tessera_ready, values: '1x60'"
const CLEAN_UP = 'tessera_cleanup_last_success_timestamp_seconds, values:'
const STORIES: readonly [story: string, series: readonly string[], minute: number, alert: boolean][] = [
  ['a first start', [HOUR], 25, false],
  ['a server that has never cleaned up', [HOUR], 50, true],
  ['a restart whose first clean-up is late', [HOUR, `${CLEAN_UP} '_x10 600x10 _x16 2200x20'`], 36, false],
  ['clean-ups that end at minute 10', [HOUR, `${CLEAN_UP} '_x10 600x50'`], 55, true],
]

for (const [story, series, minute, alert] of STORIES)
  test(`${story} is ${alert ? 'an' : 'no'} alert about clean-ups`, { skip: noPromtool }, () => {
    const file = join(temporaryFolder(), 'story.yaml')
    const input = series.map((each) => `{ series: ${each} }`).join(', ')
    const expr = 'count(ALERTS{alertname="TesseraNoCleanUp", alertstate="firing"}) or vector(0)'
    const expected = `[{ labels: '{}', value: ${alert ? 1 : 0} }]`
    const question = `{ expr: '${expr}', eval_time: ${minute}m, exp_samples: ${expected} }`
    const unit = `{ interval: 1m, input_series: [${input}], promql_expr_test: [${question}] }`
    writeFileSync(file, `rule_files: ['${ALERTS}']\nevaluation_interval: 1m\ntests: [${unit}]\n`)
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  })

test('a figure that does not exist is missing from the page, and not 0', async () => {
  const server = await startServer(SERVICES)
  const { text } = await server.get('/metrics', { bearer: METRICS_KEY })
  for (const name of ['certificate_not_after', 'backup_last_success'])
    assert.doesNotMatch(text, new RegExp(`^tessera_${name}_timestamp_seconds `, 'm'))
  assert.doesNotMatch(text, /^tessera_limits_store_up /m)
  assert.match(text, /^tessera_ready 1$/m)
  if (onPostgres) assert.match(text, /^tessera_database_waiting 0$/m)
})

test('promtool accepts the whole page of metrics', { skip: noPromtool }, async () => {
  const server = await startServer(SERVICES)
  const login = await logInNewUser(server)
  await me(server, login.access_token)
  await me(server, 'x')
  await refresh(server, login.refresh_token)
  await issuePair(server)
  const { text: input } = await server.get('/metrics', { bearer: METRICS_KEY })
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  assert.equal(stdout + stderr, '')
  assert.equal(status, 0)
})
