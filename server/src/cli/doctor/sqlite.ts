import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { readFact } from '../../storage/database/installation.ts'
import { checkIntegrity } from '../../storage/drivers/sqlite-integrity.ts'
import { type Check, failure, type Subject, skipped, warning } from './check.ts'

const LINK = 'deployment.md#in-production'
const MAX_INTEGRITY_MILLISECONDS = 4500
const MAX_BACKUP_AGE_HOURS = 26
const WRITABLE_FOR_GROUP_OR_OTHERS = 0o022
const WRITABLE_FOR_OTHERS = 0o002
const STICKY = 0o1000

/** Magic numbers of file systems in the network (statfs(2)), on which the locks of SQLite do not hold. */
const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB 2',
  16914839: '9p',
  12805120: 'Ceph',
  1397113167: 'AFS',
}

/** Returns the name of a file system in the network; null for any other. */
export function networkFileSystem(type: number): string | null {
  return NETWORK_FILE_SYSTEMS[type >>> 0] ?? null
}

export const usesSqlite = ({ config }: Subject) => config.secrets.database.kind === 'sqlite'

/** The file of the database; empty for PostgreSQL. */
export function sqliteFile({ config: { secrets } }: Subject): string {
  return secrets.database.kind === 'sqlite' ? resolve(secrets.database.file) : ''
}

const hasFile = (subject: Subject) =>
  usesSqlite(subject) && statSync(sqliteFile(subject), { throwIfNoEntry: false }) !== undefined

export const SQLITE_CHECKS: readonly Check[] = [
  {
    id: 'sqlite.integrity',
    link: LINK,
    applies: hasFile,
    async run(subject) {
      const result = await checkIntegrity(sqliteFile(subject), MAX_INTEGRITY_MILLISECONDS)
      if (result === null) return skipped('The file is too large to be read in time; tessera backup checks its copy.')
      return result === 'ok'
        ? null
        : failure(`The database is damaged: ${result}.`, 'Stop the server, and run: tessera restore FILE')
    },
  },
  {
    id: 'sqlite.network-file-system',
    link: LINK,
    applies: hasFile,
    async run(subject) {
      const name = networkFileSystem((await statfs(sqliteFile(subject))).type)
      return name === null
        ? null
        : failure(
            `The database is on ${name}, where the locks of SQLite do not hold, and files get damaged.`,
            'Move it to a disk of this machine, or use PostgreSQL.',
          )
    },
  },
  {
    id: 'sqlite.permissions',
    link: LINK,
    applies: (subject) => hasFile(subject) && process.platform !== 'win32',
    run(subject) {
      const file = sqliteFile(subject)
      const folder = dirname(file)
      const [fileMode, folderMode] = [statSync(file).mode, statSync(folder).mode]
      return [
        ...((fileMode & WRITABLE_FOR_GROUP_OR_OTHERS) === 0
          ? []
          : [
              failure(
                `Other accounts of this machine can change ${file}, and so become any user.`,
                `chmod 600 ${file}`,
              ),
            ]),
        ...((folderMode & WRITABLE_FOR_OTHERS) === 0 || (folderMode & STICKY) !== 0
          ? []
          : [failure(`Every account of this machine can replace ${file}.`, `chmod 700 ${folder}`)]),
      ]
    },
  },
  {
    id: 'sqlite.backup',
    link: 'operating/backup.md',
    applies: (subject) => usesSqlite(subject) && subject.config.production,
    needs: 'tables',
    async run({ db, now }) {
      const at = await readFact(db, 'backed_up_at')
      const fix = 'tessera backup FILE, once a day'
      if (at === null) return warning('There is no backup: a lost disk takes all accounts with it.', fix)
      const hours = (now().getTime() - new Date(at).getTime()) / 3_600_000
      return hours > MAX_BACKUP_AGE_HOURS
        ? warning(`The last backup is ${Math.floor(hours)} hours old: what came after it would be lost.`, fix)
        : null
    },
  },
]
