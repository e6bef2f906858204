import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isInstalled } from '../site/program.ts'
import { canMountDisks, mountSmallDisk } from '../site/small-disk.ts'
import type { Scene, Stage } from './scene.ts'

/** How long something is away: longer than balancers take to notice. */
const AWAY_MILLISECONDS = 4000

export const rollingRestart: Scene = {
  name: 'restart',
  title: 'rolling restart',
  mayFail: 'never',
  isShort: true,
  isByRoute: true,
  play: (stage) => stage.fault(() => stage.site.restartAll()),
}

export const killedReplica: Scene = {
  name: 'kill',
  title: 'kill -9 of a replica',
  mayFail: 'meanwhile',
  isShort: true,
  play: (stage) =>
    stage.fault(async () => {
      const replica = stage.random.pick(stage.site.replicas)
      await replica.kill()
      await sleep(AWAY_MILLISECONDS)
      await stage.site.start(replica)
    }),
}

export const redisAway: Scene = {
  name: 'redis',
  title: 'Redis away',
  mayFail: 'never',
  isShort: true,
  missing: () => (isInstalled('redis-server') ? null : 'there is no redis-server here'),
  play: (stage) =>
    stage.fault(async () => {
      const { redis } = stage.site
      await redis.end('SIGKILL')
      await sleep(AWAY_MILLISECONDS)
      await redis.start()
    }),
}

export const fullLogDisk: Scene = {
  name: 'log-disk',
  title: 'log disk full',
  mayFail: 'never',
  isShort: false,
  missing: () => (canMountDisks() ? null : 'only root may mount a small disk'),
  play: playFullDisk,
}

async function playFullDisk(stage: Stage): Promise<void> {
  const { site } = stage
  const disk = mountSmallDisk(join(site.folder, 'small-disk'))
  const [replica] = site.replicas
  if (!replica) throw new Error('there is no replica')
  try {
    await stage.fault(async () => {
      await site.stop(replica)
      await site.start(replica, { log: join(disk.folder, 'log') })
      await site.untilWell()
      disk.fill()
      await stage.calm()
      stage.check(!disk.hasRoom(), 'the disk of the log has room')
      disk.clear()
      await stage.calm()
      disk.fill()
      await site.stop(replica) // it ends in an orderly way, too, while it cannot write
      await site.start(replica, { log: join(site.folder, `${replica.name}.log`) })
    })
  } finally {
    disk.unmount()
  }
}
