import { argon2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import bcrypt from 'bcrypt'

export type HashJob =
  | { kind: 'bcrypt'; text: string; cost: number }
  | { kind: 'bcryptMatches'; text: string; digest: string }
  | { kind: 'argon2id'; text: string; cost: Argon2Cost }
  | { kind: 'argon2idMatches'; text: string; digest: string }

export interface Argon2Cost {
  memoryKibibytes: number
  passes: number
  parallelism: number
}

const ARGON2_TAG_BYTES = 32

/** A job with the time until when it may begin, in milliseconds since 1970. */
export type QueuedJob = HashJob & { beginBefore: number }

/** Runs in a worker thread of a hash pool, so it may block. Returns null for a job that waited too long. */
export default function hash(job: QueuedJob): string | boolean | null {
  if (Date.now() > job.beginBefore) return null
  switch (job.kind) {
    case 'bcrypt':
      return bcrypt.hashSync(job.text, job.cost)
    case 'bcryptMatches':
      return bcrypt.compareSync(job.text, job.digest)
    case 'argon2id':
      return argon2id(job.text, job.cost, randomBytes(16))
    case 'argon2idMatches':
      return argon2idMatches(job.text, job.digest)
  }
}

function argon2id(text: string, cost: Argon2Cost, salt: Buffer): string {
  const tag = argon2Tag(text, cost, salt, ARGON2_TAG_BYTES)
  const parameters = `m=${cost.memoryKibibytes},t=${cost.passes},p=${cost.parallelism}`
  return `$argon2id$v=19$${parameters}$${unpaddedBase64(salt)}$${unpaddedBase64(tag)}`
}

function argon2idMatches(text: string, digest: string): boolean {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(digest)
  if (!parts) return false
  const [, memory, passes, parallelism, salt = '', tag = ''] = parts
  const cost = { memoryKibibytes: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const stored = Buffer.from(tag, 'base64')
  return timingSafeEqual(stored, argon2Tag(text, cost, Buffer.from(salt, 'base64'), stored.length))
}

function argon2Tag(text: string, cost: Argon2Cost, nonce: Buffer, tagLength: number): Buffer {
  const { memoryKibibytes: memory, passes, parallelism } = cost
  return argon2Sync('argon2id', { message: text, nonce, memory, passes, parallelism, tagLength })
}

function unpaddedBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
