import { isProductionDatabase, readFact } from '../../storage/database/installation.ts'
import { describeMigrations, readSchemaState } from '../../storage/database/schema-state.ts'
import { describeMaintenance, readMaintenance } from '../../storage/transfer/maintenance.ts'
import { type Check, failure, warning } from './check.ts'

const LINK = 'deployment.md#in-production'

export const DATABASE_CHECKS: readonly Check[] = [
  { id: 'database.reachable', link: LINK, run: ({ unreachable }) => unreachable },
  {
    id: 'database.behind',
    link: 'operating/upgrades.md',
    needs: 'database',
    async run({ db, config: { migrates } }) {
      const { pending } = await readSchemaState(db)
      if (pending.length === 0) return null
      const sentence = `The database is behind by ${describeMigrations(pending)}`
      return migrates
        ? warning(`${sentence}, which the next start applies.`, 'tessera migrate')
        : failure(`${sentence}, and MIGRATE is off: a start is refused.`, 'tessera migrate')
    },
  },
  {
    id: 'database.ahead',
    link: 'operating/upgrades.md',
    needs: 'database',
    async run({ db }) {
      const { unknown, known } = await readSchemaState(db)
      if (unknown.length === 0) return null
      const minimum = Number((await readFact(db, 'minimum_version')) ?? 0)
      const sentence = `A newer version has applied ${unknown.join(', ')}`
      return minimum > Number.parseInt(known.at(-1) ?? '0', 10)
        ? failure(`${sentence}, and this version cannot serve that schema.`, 'Install the newer version.')
        : warning(`${sentence}, which this version does not know.`, 'Install the newer version here, too.')
    },
  },
  {
    id: 'database.maintenance',
    link: 'deployment.md#maintenance',
    needs: 'tables',
    async run({ db }) {
      const maintenance = await readMaintenance(db)
      if (maintenance === null) return null
      const { state, other } = maintenance
      const sentence = `Servers answer 503: ${describeMaintenance(maintenance)}.`
      if (state === 'on') return warning(sentence, 'tessera maintenance off')
      return failure(sentence, state === 'moved' ? `DATABASE_URL=postgres://…@${other}` : 'tessera move ADDRESS')
    },
  },
  {
    id: 'database.environment',
    link: LINK,
    needs: 'tables',
    applies: ({ config }) => !config.production,
    run: async ({ db }) =>
      (await isProductionDatabase(db))
        ? warning(
            'The database is one of production, and NODE_ENV is not: a server would serve it with soft defaults.',
            'NODE_ENV=production',
          )
        : null,
  },
]
