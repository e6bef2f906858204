import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { freePort } from '../../../harness/free-port.ts'
import { SETTINGS } from '../../src/config/settings/settings.ts'
import { createDatabase, createRole, mayNotCreate } from '../support/own-database.ts'
import { runToEnd, startProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'
import { environment, FILES, type Manifest, manifest } from './manifests.ts'
import { PAGES } from './pages.ts'

const pod = manifest('Deployment tessera').spec.template.spec
const [migrating] = pod.initContainers
const [serving] = pod.containers
const cleaningPod = manifest('CronJob tessera-clean-up').spec.jobTemplate.spec.template.spec
const [cleaning] = cleaningPod.containers
/** The longest that the requests under way at a stop take: docs/deployment.md, 4. */
const DRAIN_SECONDS = 25

/** Returns the secret and the key that a file in a container comes from. */
function sourceOf(container: Manifest, path: string): [secret: string, key: string] {
  const mount = container.volumeMounts.find(({ mountPath }: Manifest) => path.startsWith(`${mountPath}/`))
  const volume = pod.volumes.find(({ name }: Manifest) => name === mount?.name)
  assert.ok(volume?.secret, `${path} is in no secret`)
  return [volume.secret.secretName, path.slice(mount.mountPath.length + 1)]
}

test('the environment of each container has settings that exist, and every secret is a file of its own secret', () => {
  const known = Object.values(SETTINGS)
  for (const container of [migrating, serving, cleaning])
    for (const [name, value] of Object.entries(environment(container))) {
      const setting = known.find((each) => name === (each.secret ? `${each.name}_FILE` : each.name))
      assert.ok(setting, name)
      assert.equal(typeof value, 'string', name)
      if (!setting.secret) continue
      const [secret, key] = sourceOf(container, value)
      assert.ok(key in manifest(`Secret ${secret}`).stringData, `${name}: ${secret} has no ${key}`)
    }
  for (const { stringData } of [manifest('Secret tessera'), manifest('Secret tessera-owner')])
    assert.deepEqual([...new Set(Object.values(stringData))], [''])
})

test('the server does not have the role that owns the tables, and does not migrate', () => {
  const mounts = (container: Manifest) => container.volumeMounts.map(({ name }: Manifest) => name)
  assert.deepEqual(mounts(migrating), ['owner', 'tmp'])
  assert.deepEqual(mounts(serving), ['secrets', 'tmp'])
  assert.deepEqual(mounts(cleaning), ['owner', 'tmp'])
  assert.equal(environment(serving)['MIGRATE'], 'off')
})

test('what drops months of the audit keeps them as long as the servers are set to', () => {
  const { data } = manifest('ConfigMap tessera')
  const times = { AUDIT_RETENTION: '700d', AUDIT_RETENTION_SHORT: 'off', AUDIT_RETENTION_LONG: '900d' }
  Object.assign(data, times)
  const seen = environment(cleaning)
  for (const name of Object.keys(times)) delete data[name]
  assert.deepEqual({ ...seen, ...times }, seen)
})

test('a pod has the time to stop: it sleeps, goes on answering, and finishes what runs', () => {
  const asleep = serving.lifecycle.preStop.sleep.seconds
  const delay = Number(environment(serving)['SHUTDOWN_DELAY'])
  assert.ok(pod.terminationGracePeriodSeconds >= asleep + delay + DRAIN_SECONDS)
})

test('no container can become root, or write anywhere but in its folder for temporary files', () => {
  assert.equal(pod.securityContext.runAsNonRoot, true)
  assert.deepEqual(cleaningPod.securityContext, pod.securityContext)
  for (const { securityContext } of [migrating, serving, cleaning])
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
})

test('the selectors of all manifests find the pods, and every manifest but the secrets is applied', () => {
  const { labels, annotations } = manifest('Deployment tessera').spec.template.metadata
  assert.deepEqual(manifest('Deployment tessera').spec.selector.matchLabels, labels)
  assert.deepEqual(manifest('Service tessera').spec.selector, labels)
  assert.deepEqual(manifest('PodDisruptionBudget tessera').spec.selector.matchLabels, labels)
  assert.deepEqual(manifest('NetworkPolicy tessera').spec.podSelector.matchLabels, labels)
  for (const { labelSelector } of pod.topologySpreadConstraints) assert.deepEqual(labelSelector.matchLabels, labels)
  assert.equal(annotations['prometheus.io/port'], environment(serving)['METRICS_PORT'])
  const { resources } = manifest('Kustomization')
  const others = FILES.filter((file) => !resources.includes(file))
  assert.deepEqual(others, ['kustomization.yaml', 'secrets.example.yaml'])
})

/** Writes the secrets of a container into a folder, and returns its environment with their paths there. */
function placeSecrets(container: Manifest, values: Record<string, string>): Record<string, string> {
  const folder = temporaryFolder()
  const placed = Object.entries(environment(container)).map(([name, value]) => {
    if (!name.endsWith('_FILE')) return [name, value]
    const path = join(folder, sourceOf(container, value)[1])
    writeFileSync(path, values[name] ?? '')
    return [name, path]
  })
  return Object.fromEntries(placed)
}

test('the containers run: the one migrates as the owner, the other serves as a role that reads and writes rows', {
  skip: mayNotCreate,
}, async () => {
  const owner = await createDatabase()
  const image = { NODE_ENV: 'production' }
  const ofMigrating = { ...image, ...placeSecrets(migrating, { DATABASE_URL_FILE: owner }) }
  const { code, output } = await runToEnd(migrating.args, { environment: ofMigrating })
  assert.equal(code, 0, output)
  const { role, as } = await createRole()
  const client = new pg.Client({ connectionString: owner })
  await client.connect()
  const grants = PAGES.flatMap(({ blocks }) => blocks).filter(({ language }) => language === 'sql')
  for (const { text } of grants)
    await client.query(text.replace(/^create role.*$/m, '').replaceAll('tessera_app', role))
  await client.end()
  const secrets = placeSecrets(serving, {
    DATABASE_URL_FILE: as(owner),
    JWT_SECRET_KEY_FILE: (await runToEnd(['secret'])).output.trim(),
    REFRESH_SECRET_KEY_FILE: (await runToEnd(['secret'])).output.trim(),
    SMTP_URL_FILE: 'smtp://127.0.0.1:9',
  })
  const ports = { PORT: '0', METRICS_PORT: String(await freePort()) }
  const server = await startProcess({ args: serving.args, environment: { ...image, ...secrets, ...ports } })
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
    assert.equal((await server.get(serving[probe].httpGet.path)).status, 200, probe)
  const metrics = await fetch(`http://127.0.0.1:${ports.METRICS_PORT}/metrics`)
  assert.match(await metrics.text(), /^tessera_ready 1$/m)
  assert.doesNotMatch(server.output(), /"level":50/)
  const ofCleaning = { ...image, ...placeSecrets(cleaning, { DATABASE_URL_FILE: owner }) }
  assert.equal((await runToEnd(cleaning.args, { environment: ofCleaning })).code, 0)
})

test('the image runs as the account that the pods have, and its port is that of the manifests', () => {
  const image = readFileSync(join(import.meta.dirname, '../../../deploy/Dockerfile'), 'utf8')
  assert.match(image, /^USER node$/m) // 1000 in the images of Node.js
  assert.equal(pod.securityContext.runAsUser, 1000)
  const [http] = serving.ports
  assert.match(image, new RegExp(`^EXPOSE ${http.containerPort}$`, 'm'))
})
