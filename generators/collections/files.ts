import { join } from 'node:path'
import { brunoCollection } from './bruno.ts'
import { postmanCollection } from './postman.ts'
import type { Description } from './requests.ts'

/** The folder with the collections. It has nothing else. */
export const COLLECTIONS_FOLDER = join(import.meta.dirname, '../../docs/collections')

/** The files of the collections: paths in their folder, and texts. */
export function collectionFiles(description: Description): Map<string, string> {
  const bruno = [...brunoCollection(description)].map(([file, text]) => [`bruno/${file}`, text] as const)
  const postman = `${JSON.stringify(postmanCollection(description), null, 2)}\n`
  return new Map([['tessera.postman_collection.json', postman], ...bruno])
}
