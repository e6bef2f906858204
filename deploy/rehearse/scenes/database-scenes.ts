import { setTimeout as sleep } from 'node:timers/promises'
import type { Scene, Stage } from './scene.ts'

/** More than the five seconds between two writes by which a server finds out whether it can write. */
const READ_ONLY_MILLISECONDS = 7000

export const failover: Scene = {
  name: 'failover',
  title: 'failover to the standby',
  mayFail: 'meanwhile',
  isShort: true,
  play: (stage) => stage.fault(() => stage.site.database.failOver()),
}

export const readOnlyPrimary: Scene = {
  name: 'read-only',
  title: 'read-only primary',
  mayFail: 'meanwhile',
  isShort: false,
  play: (stage) =>
    stage.fault(async () => {
      await setReadOnly(stage, 'on')
      await sleep(READ_ONLY_MILLISECONDS)
      for (const { port, name } of stage.site.replicas) {
        const { status } = await fetch(`http://127.0.0.1:${port}/ready`)
        stage.check(status === 503, `/ready of replica ${name} is ${status} though nothing can be written`)
      }
      await setReadOnly(stage, 'off')
    }),
}

async function setReadOnly({ site }: Stage, value: 'on' | 'off'): Promise<void> {
  await site.database.query(`alter system set default_transaction_read_only = ${value}`)
  await site.database.query('select pg_reload_conf()')
}
