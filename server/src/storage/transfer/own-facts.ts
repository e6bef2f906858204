import { randomUUID } from 'node:crypto'
import type { Queries } from '../database/database.ts'
import { readFact, writeFact } from '../database/installation.ts'

const MOVE_ID = 'move_id'
const MOVED_FROM = 'moved_from'

/** Facts about one database rather than about the installation, which a move leaves behind. */
export const FACTS_OF_A_DATABASE = ['maintenance', MOVE_ID, MOVED_FROM, 'probed_at', 'backed_up_at'] as const

/** Returns the id by which a source knows its own target again; null before its first move. */
export function readMoveId(source: Queries): Promise<string | null> {
  return readFact(source, MOVE_ID)
}

/** Gives a source an id, unless it has one. */
export async function beginMoveId(source: Queries): Promise<string> {
  const id = (await readMoveId(source)) ?? randomUUID()
  await writeFact(source, MOVE_ID, id)
  return id
}

/** Returns the id of the source whose rows a target has or gets; null if no move began there. */
export function readMovedFrom(target: Queries): Promise<string | null> {
  return readFact(target, MOVED_FROM)
}

export async function writeMovedFrom(target: Queries, id: string): Promise<void> {
  await writeFact(target, MOVED_FROM, id)
}
