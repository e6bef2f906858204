import { join } from 'node:path'
import { COLLECTIONS_FOLDER } from '../collections/files.ts'
import { runTool } from './run-tool.ts'

/** Runs both collections of docs/collections from top to bottom, with the command lines of their products. */
export async function runCollections(url: string): Promise<void> {
  const baseUrl = ['--env-var', `baseUrl=${url}`]
  await runTool('newman', ['run', join(COLLECTIONS_FOLDER, 'tessera.postman_collection.json'), ...baseUrl])
  await runTool('bru', ['run', '-r', ...baseUrl], { cwd: join(COLLECTIONS_FOLDER, 'bruno') })
}
