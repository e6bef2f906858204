import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, type Credentials, newCredentials, type Tokens } from '../../harness/api.ts'
import { readToken } from '../actors/token.ts'
import type { Tallies } from './tally.ts'

export interface World {
  api: Api
  tallies: Tallies
  /** Whether commits that were acknowledged may be lost. */
  asynchronous: boolean
  /** How a session ended in the database: null when it lives, `unknown` when there is none. */
  endOf(sessionId: string): Promise<string | null>
}

export interface Client {
  step(): Promise<void>
  /** At the end: whether all that was acknowledged is still so. Returns what is not. */
  findLost(): Promise<string[]>
}

const SPENT_KEPT = 4

/** Refreshes for ever; every attempt has a key, and some are sent twice at once. */
export async function refresher(world: World, kind: 'login' | 'pair'): Promise<Client> {
  const { api, tallies, asynchronous } = world
  let newest: Tokens = await api.newSession(kind)
  let spent: Tokens[] = []

  const sent = async (key: string) => tallies.retry(() => api.refresh(kind, newest, key))

  async function refused(status: number, body: unknown): Promise<void> {
    const end = await world.endOf(readToken(newest.refresh_token).session)
    const what = `a ${kind} refresh was answered ${status} ${JSON.stringify(body)}; its session: ${end ?? 'lives'}`
    if (!asynchronous || status !== 401 || end === null || !['rolled_back', 'unknown'].includes(end)) {
      tallies.violated(what)
    } else if (end === 'rolled_back') tallies.current.rolledBack++
    else tallies.current.sessionsUnknown++
    for (const tokens of spent) {
      const answer = await tallies.retry(() => api.refresh(kind, tokens))
      if (answer.status !== 401)
        tallies.violated(`a spent ${kind} token lives after the session's end: ${answer.status}`)
    }
    spent = []
    newest = await newSession(world, kind)
  }

  return {
    async step() {
      const key = randomUUID()
      const answers = await Promise.all(Math.random() < 0.25 ? [sent(key), sent(key)] : [sent(key)])
      const successors = new Set<string>()
      for (const { status, body } of answers) {
        if (status !== 200) return refused(status, body)
        tallies.refreshed()
        successors.add(body.refresh_token)
      }
      // Where history may be lost, one twin can be answered by the old primary and one by the new.
      if (successors.size > 1 && !asynchronous) tallies.violated(`a ${kind} token had two successors`)
      spent = [...spent.slice(1 - SPENT_KEPT), newest]
      newest = answers[0]?.body
    },
    async findLost() {
      const { status, body } = await sent(randomUUID())
      return status === 200 ? [] : [`the newest token of a ${kind} session: ${status} ${JSON.stringify(body)}`]
    },
  }
}

/** Signs up users for ever. */
export function registrar({ api, tallies }: World): Client {
  const acknowledged: Credentials[] = []
  return {
    async step() {
      const user = newCredentials()
      const answer = await tallies.retry(() => api.signUp(user))
      const taken = answer.status === 422 && !answer.first
      if (taken) tallies.current.doneUnsaid++
      else if (answer.status !== 200) return tallies.violated(`a sign-up was answered ${answer.status}`)
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

/** Logs in and out for ever. */
export async function leaver(world: World): Promise<Client> {
  const { api, tallies, asynchronous } = world
  let user: Credentials = await api.newSession('login')
  const loggedOut: Tokens[] = []
  return {
    async step() {
      const login = await tallies.retry(() => api.logIn(user))
      if (login.status !== 200) {
        if (!asynchronous) tallies.violated(`a login was answered ${login.status}`)
        user = await newSession(world, 'login')
        return
      }
      const answer = await tallies.retry(() => api.logOut('login', login.body))
      if (answer.status === 401 && !answer.first) tallies.current.doneUnsaid++
      else if (answer.status === 401 && asynchronous) tallies.current.sessionsUnknown++
      else if (answer.status !== 200) return tallies.violated(`a logout was answered ${answer.status}`)
      tallies.current.logouts++
      loggedOut.push(login.body)
    },
    async findLost() {
      const lost: string[] = []
      for (const tokens of loggedOut) {
        const read = await tallies.retry(() => api.me(tokens))
        const refreshed = await tallies.retry(() => api.refresh('login', tokens))
        if (read.status !== 401 || refreshed.status !== 401) lost.push('an acknowledged logout: the session lives')
      }
      return lost
    },
  }
}

/** Asks who it is for ever: an outage is no reason to say that nobody is. */
export async function reader({ api, tallies }: World): Promise<Client> {
  const tokens = await api.newSession('login')
  return {
    async step() {
      const { status } = await tallies.retry(() => api.me(tokens))
      if (status === 200) tallies.current.reads++
      else tallies.violated(`/me was answered ${status}`)
    },
    findLost: async () => [],
  }
}

/** A new session while the database may be away. */
async function newSession(world: World, kind: 'login' | 'pair'): Promise<Tokens & Credentials> {
  for (;;) {
    try {
      return await world.api.newSession(kind)
    } catch {
      await sleep(50)
    }
  }
}
