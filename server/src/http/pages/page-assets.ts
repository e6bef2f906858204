import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A style sheet or a script that a page includes, and the source that allows it in a Content-Security-Policy. */
export interface PageAsset {
  text: string
  source: string
}

/**
 * Reads a file of `assets/` when the server starts. A page includes the whole text, so that it needs no second request, and
 * its policy allows this text alone.
 *
 * @throws {Error} of the file system if the package is incomplete
 */
export function pageAsset(file: string): PageAsset {
  const text = readFileSync(new URL(`../../../assets/${file}`, import.meta.url), 'utf8')
  return { text, source: `'sha256-${createHash('sha256').update(text).digest('base64')}'` }
}
