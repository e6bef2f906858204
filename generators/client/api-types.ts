import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GENERATED, runTool } from '../checks/run-tool.ts'
import { clientDescription, type Description, headingOf } from './client-description.ts'

/** The types of the API in `tessera-client`. */
export const TYPES_FILE = join(import.meta.dirname, '../../client/src/api-types.ts')

/** Makes the types of the client from the description of a running server. */
export async function makeTypes(url: string): Promise<string> {
  const description = clientDescription((await (await fetch(`${url}/openapi.json`)).json()) as Description)
  const [source, output] = [join(GENERATED, 'client.json'), join(GENERATED, 'client.ts')]
  writeFileSync(source, description)
  await runTool('openapi-typescript', [source, '-o', output])
  await runTool('../../../node_modules/.bin/biome', ['format', '--write', '--vcs-enabled=false', output])
  const components = /^export interface components [\s\S]*?^}\n/m.exec(readFileSync(output, 'utf8'))?.[0]
  if (components === undefined) throw new Error('openapi-typescript wrote no interface `components`')
  return headingOf(description) + components
}

/** @throws if the types of the client are not those of the server */
export async function checkTypes(url: string): Promise<void> {
  if ((await makeTypes(url)) === readFileSync(TYPES_FILE, 'utf8')) return
  throw new Error('client/src/api-types.ts is stale. To write it again, run: npm run client-types')
}
