import type { ImportLine } from '../../auth/account/import-users.ts'

/** A line of an import as it was read, without its line end. */
export type SourceLine = ImportLine & { text: string }

/** Longer lines are no users: most likely a whole JSON array, or a quote that is never closed. */
export const MAX_LINE_CHARACTERS = 1_000_000
