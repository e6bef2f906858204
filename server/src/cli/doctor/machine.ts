import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readFile, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HashPool, hashingThreads } from '../../crypto/hashing/hash-pool.ts'
import { createPasswords } from '../../crypto/hashing/passwords.ts'
import { type Check, failure, figure, type Subject, warning } from './check.ts'
import { sqliteFile, usesSqlite } from './sqlite.ts'

const LINK = 'deployment.md#in-production'
const MAX_HASH_MILLISECONDS = 1000
const HASHES = 3
const MAX_SYNC_MILLISECONDS = 50
const SYNCS = 5
const PAGE_BYTES = 4096
const MIN_FREE_BYTES = 1024 ** 3
/** Below this, a checkpoint or a migration may not fit. */
const MIN_USABLE_BYTES = 100 * 1024 ** 2
const SERVER_PACKAGE = new URL('../../../package.json', import.meta.url)

export const MACHINE_CHECKS: readonly Check[] = [
  {
    id: 'machine.node',
    link: 'deployment.md#without-containers',
    async run({ nodeVersion }) {
      const { engines } = JSON.parse(await readFile(SERVER_PACKAGE, 'utf8')) as { engines: { node: string } }
      const wanted = engines.node.replace(/^>=/, '')
      return isOlder(nodeVersion, wanted)
        ? failure(`Node.js is ${nodeVersion}, and Tessera needs ${wanted} or newer.`, `Install Node.js ${wanted}.`)
        : null
    },
  },
  {
    id: 'redis.reachable',
    link: 'configuration.md',
    applies: ({ config }) => config.secrets.redisUrl !== null,
    async run({ config }) {
      const { redisLimits } = await import('../../storage/limits/redis-limits.ts')
      const redis = redisLimits(config.secrets.redisUrl ?? '', () => {}, 4000)
      try {
        await redis.connected()
        return null
      } catch (error) {
        return failure(
          `${(error as Error).message}: logins are counted without it, and replicas share no limit of their own.`,
          'Start Redis, or correct REDIS_URL.',
        )
      } finally {
        redis.close()
      }
    },
  },
  {
    id: 'machine.disk',
    link: LINK,
    applies: usesSqlite,
    needs: 'database',
    async run(subject) {
      const { bavail, bsize } = await statfs(dirname(sqliteFile(subject)))
      return judgeFreeSpace(bavail * bsize)
    },
  },
  {
    id: 'machine.sync',
    link: 'performance.md',
    applies: usesSqlite,
    needs: 'database',
    async run(subject) {
      const milliseconds = await measureSync(dirname(sqliteFile(subject)))
      const sentence = `A write reaches the disk in ${milliseconds.toFixed(1)} ms.`
      return milliseconds > MAX_SYNC_MILLISECONDS
        ? warning(`${sentence} Each login and refresh waits for that.`, 'Move the database to a faster disk.')
        : figure(sentence)
    },
  },
  {
    id: 'machine.hash',
    link: 'performance.md',
    async run({ config }: Subject) {
      const milliseconds = await measureHash(config)
      const perSecond = (1000 / milliseconds) * hashingThreads()
      const sentence = `One password hash takes ${Math.round(milliseconds)} ms, so about ${perSecond.toPrecision(2)} logins a second.`
      return milliseconds > MAX_HASH_MILLISECONDS
        ? warning(`${sentence} Users wait for it, and a flood of logins fills the queue.`, 'PASSWORD_HASH=argon2id')
        : figure(sentence)
    },
  },
]

/** Judges the free bytes of the disk of a database. */
export function judgeFreeSpace(bytes: number) {
  const sentence = `The disk of the database has ${Math.floor(bytes / 1024 ** 2)} MiB left.`
  const fix = 'Free space, or move the database to a larger disk.'
  if (bytes < MIN_USABLE_BYTES) return failure(`${sentence} Soon no login can be written.`, fix)
  return bytes < MIN_FREE_BYTES ? warning(`${sentence} A full disk refuses every login.`, fix) : null
}

function isOlder(version: string, wanted: string): boolean {
  const [own, least] = [version.replace(/^v/, ''), wanted].map((text) => text.split('.').map(Number))
  for (const [index, part] of (least ?? []).entries()) {
    const difference = (own?.[index] ?? 0) - part
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Writes some pages beside the database and waits for the disk; returns the milliseconds of one. */
async function measureSync(folder: string): Promise<number> {
  const temporary = await mkdtemp(join(folder, '.tessera-doctor-'))
  try {
    const file = await open(join(temporary, 'pages'), 'wx', 0o600)
    try {
      const begun = performance.now()
      for (let index = 0; index < SYNCS; index++) {
        await file.write(randomBytes(PAGE_BYTES))
        await file.datasync()
      }
      return (performance.now() - begun) / SYNCS
    } finally {
      await file.close()
    }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Hashes as a server does; returns the milliseconds of one hash, without loading the library. */
async function measureHash({ passwordHash }: Subject['config']): Promise<number> {
  const pool = new HashPool({ threads: 1, atOnce: 1, niceness: 0, maxWaiting: 1 })
  try {
    const passwords = createPasswords(pool, passwordHash)
    await passwords.digest('warm')
    const begun = performance.now()
    for (let index = 0; index < HASHES; index++) await passwords.digest('measured')
    return (performance.now() - begun) / HASHES
  } finally {
    await pool.close()
  }
}
