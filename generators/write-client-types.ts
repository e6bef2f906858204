// Writes the types of the API in tessera-client: `npm run client-types`. First: `npm ci --prefix generators`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess, launchTessera } from '../harness/launch-tessera.ts'
import { GENERATED, requireTools } from './checks/run-tool.ts'
import { makeTypes, TYPES_FILE } from './client/api-types.ts'

requireTools()
const folder = mkdtempSync(join(tmpdir(), 'tessera-client-types-'))
const { child, url } = await launchTessera({ folder, environment: { PORT: '0' } })
try {
  mkdirSync(GENERATED, { recursive: true })
  writeFileSync(TYPES_FILE, await makeTypes(url))
} finally {
  await endProcess(child, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
