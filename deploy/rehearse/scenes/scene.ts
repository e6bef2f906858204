import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../../torture/actors/random.ts'
import type { Load } from '../load/load.ts'
import type { Tally } from '../load/tally.ts'
import type { Site } from '../site/site.ts'
import { type Allowance, type Interval, judge } from './judge.ts'

/** A fault or an operator's step, played under load, and what clients may see of it. Nothing may ever be lost. */
export interface Scene {
  /** For `--only`. */
  name: string
  title: string
  mayFail: Allowance
  /** Whether it is part of the short form. */
  isShort: boolean
  /** Whether each route has a row of its own in the table. */
  isByRoute?: boolean
  /** Whether it needs a site of its own, on which the last commit's package serves. */
  servesEarlierVersion?: boolean
  /** Returns why it cannot be played here; null if it can. */
  missing?(): string | null
  play(stage: Stage): Promise<void>
}

/** Where a scene is played. */
export class Stage {
  readonly site: Site
  readonly load: Load
  readonly random: Random
  /** The script of the earlier version's `tessera`; null where this one serves from the beginning. */
  readonly earlierCommand: string | null
  /** Findings that break what the scene asks for. */
  readonly problems: string[] = []
  readonly faults: Interval[] = []
  readonly #calmSeconds: number

  constructor(options: {
    site: Site
    load: Load
    random: Random
    earlierCommand: string | null
    calmSeconds: number
  }) {
    this.site = options.site
    this.load = options.load
    this.random = options.random
    this.earlierCommand = options.earlierCommand
    this.#calmSeconds = options.calmSeconds
  }

  /** Plays a fault, or steps that clients should not notice, until all is well again. */
  async fault(play: () => Promise<void>): Promise<void> {
    const start = performance.now()
    await play()
    await this.site.untilWell()
    this.faults.push({ start, end: performance.now() })
  }

  /** Lets the load run while nothing happens. */
  async calm(): Promise<void> {
    await sleep(this.#calmSeconds * 1000)
  }

  check(isTrue: boolean, problem: string): void {
    if (!isTrue) this.problems.push(problem)
  }
}

/** One scene as it was played. */
export interface Played {
  scene: Scene
  tally: Tally
  faults: readonly Interval[]
  /** The longest time for which this process got no turn: on a machine that is too busy, requests fail for that alone. */
  stallSeconds: number
  /** Everything that breaks what is allowed. */
  problems: string[]
  /** Whether the site was left in a state in which nothing else can be played. */
  isBrokenOff: boolean
}

/** Plays a scene between two calm times, and judges it. */
export async function playScene(scene: Scene, stage: Stage): Promise<Played> {
  const { site, load } = stage
  const tally = await load.begin()
  const delay = monitorEventLoopDelay()
  delay.enable()
  await stage.calm()
  let isBrokenOff = false
  try {
    await scene.play(stage)
    await stage.calm()
    await load.end()
  } catch (error) {
    isBrokenOff = true
    stage.problems.push(`it broke off: ${(error as Error).message}`)
  }
  delay.disable()
  const { faults } = stage
  const problems = [...stage.problems, ...site.problems.splice(0), ...judge(scene.mayFail, tally, faults)]
  return { scene, tally, faults, stallSeconds: delay.max / 1e9, problems, isBrokenOff }
}
