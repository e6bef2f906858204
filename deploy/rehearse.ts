// Plays the faults and steps of operation on a production of three replicas under load, and prints what clients saw:
// `npm run rehearse -- [--short] [--only restart,upgrade] [--seconds 3] [--seed N] [--commit OLDER]`.
// See docs/rehearsal.md. It exits with 1 if a scene breaks what it allows.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { programPath } from '../harness/postgres-programs.ts'
import { seededRandom } from '../torture/actors/random.ts'
import { Load } from './rehearse/load/load.ts'
import { ALL_SCENES } from './rehearse/scenes/all-scenes.ts'
import { playScene, type Scene, Stage } from './rehearse/scenes/scene.ts'
import { formatResults, isBroken, type Result } from './rehearse/scenes/table.ts'
import { hasBalancer } from './rehearse/site/balancers.ts'
import { Site } from './rehearse/site/site.ts'
import { buildPackage, findEarlierCommits } from './rehearse/site/versions.ts'

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    /** How long the load runs before and after each fault. */
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    /** The version that serves before the upgrade. */
    commit: { type: 'string' },
  },
})
const calmSeconds = Number(options.seconds ?? (options.short ? 1 : 3))
const random = seededRandom(Number(options.seed))
const scenes = chooseScenes()
print(`Rehearsal of ${scenes.map(({ name }) => name).join(', ')}; --seed ${options.seed}`)
const missing = missingProgram()
const results: Result[] = []
if (missing !== null) results.push(...scenes.map(({ title }) => ({ title, skipped: missing })))
else {
  await playOn(
    null,
    scenes.filter(({ servesEarlierVersion }) => !servesEarlierVersion),
  )
  await playUpgrades(scenes.filter(({ servesEarlierVersion }) => servesEarlierVersion))
}
print(`\n${formatResults(results)}`)
process.exit(results.some(isBroken) ? 1 : 0)

function chooseScenes(): readonly Scene[] {
  if (options.only === undefined) return ALL_SCENES.filter(({ isShort }) => isShort || !options.short)
  return options.only.split(',').map((name) => {
    const scene = ALL_SCENES.find((each) => each.name === name)
    if (!scene) throw new Error(`There is no scene "${name}": --only takes ${ALL_SCENES.map((each) => each.name)}`)
    return scene
  })
}

/** Returns why nothing can be played on this machine; null if it can. */
function missingProgram(): string | null {
  try {
    programPath('initdb')
  } catch (error) {
    return (error as Error).message
  }
  return hasBalancer() ? null : 'neither nginx nor HAProxy is installed, or openssl is not'
}

/** @param earlierCommand the version that serves; that of this checkout if it is null */
async function playOn(earlierCommand: string | null, chosen: readonly Scene[]): Promise<void> {
  const playable = chosen.filter((scene) => {
    const skipped = scene.missing?.() ?? null
    if (skipped !== null) results.push({ title: scene.title, skipped })
    return skipped === null
  })
  if (playable.length === 0) return
  const site = await Site.start(earlierCommand ?? undefined)
  if (!site.database.hasPooler) print('PgBouncer is not installed: all replicas reach PostgreSQL directly')
  const load = await Load.start(site, random.of('load'))
  let isBrokenOff = false
  for (const scene of playable) {
    if (isBrokenOff) {
      results.push({ title: scene.title, skipped: 'the scene before it broke off' })
      continue
    }
    print(`${scene.title} …`)
    const stage = new Stage({ site, load, random: random.of(scene.name), earlierCommand, calmSeconds })
    const played = await playScene(scene, stage)
    results.push(played)
    isBrokenOff = played.isBrokenOff
  }
  if (!isBrokenOff) await site.close() // otherwise the end of this process ends it
}

async function playUpgrades(chosen: readonly Scene[]): Promise<void> {
  const commits = options.commit === undefined ? findEarlierCommits() : [options.commit]
  const isPossible = chosen.some((scene) => (scene.missing?.() ?? null) === null)
  if (commits.length === 0 || !isPossible) return playOn(null, chosen)
  print('The package of an earlier commit is built …')
  const folder = mkdtempSync(join(tmpdir(), 'tessera-package-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const earlier = buildPackage(folder, commits)
  if (earlier === null) {
    const skipped = `npm pack makes no package of ${commits[0]}`
    results.push(...chosen.map(({ title }) => ({ title, skipped })))
    return
  }
  print(`That of ${earlier.commit} serves`)
  await playOn(earlier.command, chosen)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
