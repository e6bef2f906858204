import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

/** A block of a page, without the indent of the list that it stands in. */
export interface Block {
  language: string
  /** The database that it is for; null for both. */
  database: string | null
  text: string
}

export interface Page {
  file: string
  blocks: Block[]
  /** The page without its blocks. */
  prose: string
}

const FENCED = /^( *)```(\w*) ?(\w*)\n(.*?)^\1```$/gms

/** The pages about operation. */
export const PAGES: readonly Page[] = [
  'docs/operating.md',
  ...globSync('docs/operating/*.md', { cwd: root }).sort(),
].map((file) => {
  const page = readFileSync(join(root, file), 'utf8')
  const blocks = [...page.matchAll(FENCED)].map(([, indent = '', language = '', database = '', text = '']) => ({
    language,
    database: database === '' ? null : database,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }))
  return { file, blocks, prose: page.replaceAll(FENCED, '') }
})
