import { createHash } from 'node:crypto'
import type { NormalRow } from '../../storage/transfer/read-pages.ts'

/** A digest of the rows of a table in the order of their keys, and one of each page of them. */
export class TableDigest {
  readonly #hash = createHash('sha256')
  readonly pages: string[] = []
  rows = 0

  add(page: readonly NormalRow[]): void {
    const text = page.map((row) => JSON.stringify(row)).join('\n')
    const digest = createHash('sha256').update(text).digest('base64url')
    this.#hash.update(digest)
    this.pages.push(digest)
    this.rows += page.length
  }

  /** Call it once, after the last page. */
  digest(): string {
    return this.#hash.digest('base64url')
  }
}
