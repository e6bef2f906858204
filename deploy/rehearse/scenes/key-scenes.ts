import { freePort } from '../../../harness/free-port.ts'
import { endProcess, launchTessera } from '../../../harness/launch-tessera.ts'
import { newSecret } from '../site/site.ts'
import type { Scene, Stage } from './scene.ts'

export const keyChange: Scene = {
  name: 'key-change',
  title: 'key change in three steps',
  mayFail: 'never',
  isShort: false,
  play: (stage) => stage.fault(() => changeKey(stage)),
}

/** The steps of docs/configuration.md. Between the last two every session refreshes, instead of `SESSION_MAX_AGE`. */
async function changeKey(stage: Stage): Promise<void> {
  const { site } = stage
  const former = site.replicas[0]?.environment['JWT_SECRET_KEY'] ?? ''
  const next = newSecret()
  await site.restartAll({ environment: { JWT_PREVIOUS_SECRET_KEYS: next } })
  await site.restartAll({ environment: { JWT_SECRET_KEY: next, JWT_PREVIOUS_SECRET_KEYS: former } })
  await stage.calm()
  await site.restartAll({ environment: { JWT_PREVIOUS_SECRET_KEYS: '' } })
}

export const wrongKey: Scene = {
  name: 'wrong-key',
  title: 'replica with a wrong key',
  mayFail: 'never',
  isShort: true,
  play: (stage) => stage.fault(() => startWithWrongKey(stage)),
}

async function startWithWrongKey(stage: Stage): Promise<void> {
  const { folder, replicas } = stage.site
  const environment = { ...replicas[0]?.environment, JWT_SECRET_KEY: newSecret(), PORT: String(await freePort()) }
  const started = await launchTessera({ folder, environment }).catch((error: Error) => error)
  if (started instanceof Error)
    return stage.check(/another JWT_SECRET_KEY/.test(started.message), `it was refused otherwise: ${started.message}`)
  stage.check(false, 'it serves')
  await endProcess(started.child, 'SIGKILL')
}
