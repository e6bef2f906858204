// Writes the collections for Postman and Bruno in docs/collections: `npm run collections`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { endProcess, launchTessera } from '../harness/launch-tessera.ts'
import { COLLECTIONS_FOLDER, collectionFiles } from './collections/files.ts'
import type { Description } from './collections/requests.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-collections-'))
const { child, url } = await launchTessera({ folder, environment: { PORT: '0' } })
try {
  const description = (await (await fetch(`${url}/openapi.json`)).json()) as Description
  const files = collectionFiles(description)
  rmSync(COLLECTIONS_FOLDER, { recursive: true, force: true })
  for (const [file, text] of files) {
    const path = join(COLLECTIONS_FOLDER, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  process.stdout.write(`${files.size} files are in docs/collections.\n`)
} finally {
  await endProcess(child, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
