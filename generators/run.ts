// Checks that tools like the API's description: a linter, client generators and a strict compiler, Postman and Bruno. Checks
// the manifests for Kubernetes, and tessera-client in four bundlers, too.
// `npm ci --prefix generators` brings them. Then: `npm run generators`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess, launchTessera } from '../harness/launch-tessera.ts'
import { checkBundles } from './bundlers/check-bundles.ts'
import { checkManifests } from './checks/check-manifests.ts'
import { generateClients } from './checks/generate-clients.ts'
import { runCollections } from './checks/run-collections.ts'
import { runImports } from './checks/run-imports.ts'
import { GENERATED, requireTools, runTool } from './checks/run-tool.ts'
import { checkTypes } from './client/api-types.ts'

requireTools()
const folder = mkdtempSync(join(tmpdir(), 'tessera-generators-'))
const { child, url } = await launchTessera({ folder, environment: { PORT: '0' } })
try {
  rmSync(GENERATED, { recursive: true, force: true })
  mkdirSync(GENERATED)
  const descriptions = { body: `${url}/openapi.json`, cookie: `${url}/openapi.json?tokens=cookie` }
  for (const [name, from] of Object.entries(descriptions)) {
    writeFileSync(join(GENERATED, `${name}.json`), await (await fetch(from)).text())
  }

  await check('the linter', async () => {
    const files = Object.keys(descriptions).map((name) => join(GENERATED, `${name}.json`))
    await runTool('redocly', ['lint', '--config', 'tools/redocly.yaml', '--max-problems', '10', ...files])
  })
  await check('the types of tessera-client', () => checkTypes(url))
  await check('the generators', () => generateClients(Object.keys(descriptions)))
  await check('the manifests for Kubernetes', checkManifests)
  await check('tsc --strict', () => runTool('../../node_modules/.bin/tsc', ['-p', '.']))
  await check('a call by each generated client', () => runTool('tsx', ['calls/run.ts', url]))
  await check('the collections for Postman and Bruno', () => runCollections(url))
  await check('imports of the description into Postman and Bruno', () => runImports(url))
  await check('tessera-client, bundled by esbuild, Vite, webpack and Metro', () => checkBundles(url))
} finally {
  await endProcess(child, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}

async function check(name: string, run: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  await run()
  process.stdout.write(`${name}: passed in ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
}
