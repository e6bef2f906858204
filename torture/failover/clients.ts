import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, type Credentials, newCredentials, type Tokens } from '../../harness/api.ts'
import { readToken } from '../actors/token.ts'
import type { Tallies } from './tally.ts'

export interface World {
  api: Api
  tallies: Tallies
  /** Whether acknowledged commits may be lost. */
  asynchronous: boolean
  /** Returns why a session ended in the database: null if it is active, `unknown` if it does not exist. */
  sessionEnd(sessionId: string): Promise<string | null>
}

export interface Client {
  step(): Promise<void>
  /** Returns the acknowledged changes that are missing at the end. */
  findLost(): Promise<string[]>
}

const MAX_USED_TOKENS = 4

/** Makes a client that refreshes one session. Every attempt has a key, and some are sent twice at once. */
export async function refresher(world: World, kind: 'login' | 'pair'): Promise<Client> {
  const { api, tallies, asynchronous } = world
  let newest: Tokens = await api.newSession(kind)
  let used: Tokens[] = []

  const refresh = (key: string) => tallies.retry(() => api.refresh(kind, newest, key))

  async function restartAfterRefusal(status: number, body: unknown): Promise<void> {
    const end = await world.sessionEnd(readToken(newest.refresh_token).session)
    const isLost = asynchronous && status === 401 && (end === 'rolled_back' || end === 'unknown')
    if (!isLost) {
      const answer = `${status} ${JSON.stringify(body)}`
      tallies.addViolation(`a ${kind} refresh was answered ${answer}; its session: ${end ?? 'active'}`)
    } else if (end === 'rolled_back') tallies.current.rolledBack++
    else tallies.current.sessionsUnknown++
    for (const tokens of used) {
      const answer = await tallies.retry(() => api.refresh(kind, tokens))
      if (answer.status !== 401)
        tallies.addViolation(`a used ${kind} token was answered ${answer.status} after its session ended`)
    }
    used = []
    newest = await newSession(world, kind)
  }

  return {
    async step() {
      const key = randomUUID()
      const answers = await Promise.all(Math.random() < 0.25 ? [refresh(key), refresh(key)] : [refresh(key)])
      const successors = new Set<string>()
      for (const { status, body } of answers) {
        if (status !== 200) return restartAfterRefusal(status, body)
        tallies.addRefresh()
        successors.add(body.refresh_token)
      }
      // If history is lost, the old primary may have answered one of two attempts and the new primary the other.
      if (successors.size > 1 && !asynchronous) tallies.addViolation(`a ${kind} token had two successors`)
      used = [...used.slice(1 - MAX_USED_TOKENS), newest]
      newest = answers[0]?.body
    },
    async findLost() {
      const { status, body } = await refresh(randomUUID())
      return status === 200 ? [] : [`the newest token of a ${kind} session: ${status} ${JSON.stringify(body)}`]
    },
  }
}

/** Makes a client that signs up users. */
export function registrar({ api, tallies }: World): Client {
  const acknowledged: Credentials[] = []
  return {
    async step() {
      const user = newCredentials()
      const answer = await tallies.retry(() => api.signUp(user))
      const isTaken = answer.status === 422 && !answer.isFirst
      if (isTaken) tallies.current.doneUnacknowledged++
      else if (answer.status !== 200) return tallies.addViolation(`a sign-up was answered ${answer.status}`)
      tallies.current.signUps++
      acknowledged.push(user)
    },
    async findLost() {
      const lost: string[] = []
      for (const user of acknowledged) {
        const { status } = await tallies.retry(() => api.logIn(user))
        if (status !== 200) lost.push(`an acknowledged sign-up: its login is answered ${status}`)
      }
      return lost
    },
  }
}

/** Makes a client that logs in and out. */
export async function leaver(world: World): Promise<Client> {
  const { api, tallies, asynchronous } = world
  let user: Credentials = await api.newSession('login')
  const loggedOut: Tokens[] = []
  return {
    async step() {
      const login = await tallies.retry(() => api.logIn(user))
      if (login.status !== 200) {
        if (!asynchronous) tallies.addViolation(`a login was answered ${login.status}`)
        user = await newSession(world, 'login')
        return
      }
      const answer = await tallies.retry(() => api.logOut('login', login.body))
      if (answer.status === 401 && !answer.isFirst) tallies.current.doneUnacknowledged++
      else if (answer.status === 401 && asynchronous) tallies.current.sessionsUnknown++
      else if (answer.status !== 200) return tallies.addViolation(`a logout was answered ${answer.status}`)
      tallies.current.logouts++
      loggedOut.push(login.body)
    },
    async findLost() {
      const lost: string[] = []
      for (const tokens of loggedOut) {
        const read = await tallies.retry(() => api.me(tokens))
        const refreshed = await tallies.retry(() => api.refresh('login', tokens))
        if (read.status !== 401 || refreshed.status !== 401) lost.push('an acknowledged logout: the session is active')
      }
      return lost
    },
  }
}

/** Makes a client that calls `/me`, which must never be answered 401 because of an outage. */
export async function reader({ api, tallies }: World): Promise<Client> {
  const tokens = await api.newSession('login')
  return {
    async step() {
      const { status } = await tallies.retry(() => api.me(tokens))
      if (status === 200) tallies.current.reads++
      else tallies.addViolation(`/me was answered ${status}`)
    },
    findLost: async () => [],
  }
}

/** Opens a new session, also while the database may be unavailable. */
async function newSession(world: World, kind: 'login' | 'pair'): Promise<Tokens & Credentials> {
  for (;;) {
    try {
      return await world.api.newSession(kind)
    } catch {
      await sleep(50)
    }
  }
}
