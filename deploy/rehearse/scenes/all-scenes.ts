import { failover, readOnlyPrimary } from './database-scenes.ts'
import { keyChange, wrongKey } from './key-scenes.ts'
import { migrationBesideDump } from './migration-scenes.ts'
import { fullLogDisk, killedReplica, redisAway, rollingRestart } from './replica-scenes.ts'
import type { Scene } from './scene.ts'
import { upgrade } from './upgrade.ts'

/** Every scene, in the order in which they are played. */
export const ALL_SCENES: readonly Scene[] = [
  rollingRestart,
  killedReplica,
  failover,
  redisAway,
  fullLogDisk,
  wrongKey,
  keyChange,
  migrationBesideDump,
  readOnlyPrimary,
  upgrade,
]
