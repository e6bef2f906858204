import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { newAddress, type Service, type SessionKind, sessionIdOf, type Tokens } from '../clients/service.ts'
import type { Tallies } from './tally.ts'

export interface World {
  service: Service
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
export async function refresher(world: World, kind: SessionKind): Promise<Client> {
  const { service, tallies, asynchronous } = world
  let newest: Tokens = await service.newSession(kind)
  let spent: Tokens[] = []

  const sent = async (key: string) => tallies.insist(() => service.refresh(kind, newest, key))

  async function refused(status: number, body: unknown): Promise<void> {
    const end = await world.endOf(sessionIdOf(newest))
    const what = `a ${kind} refresh was answered ${status} ${JSON.stringify(body)}; its session: ${end ?? 'lives'}`
    if (!asynchronous || status !== 401 || end === null || !['rolled_back', 'unknown'].includes(end)) {
      tallies.violated(what)
    } else if (end === 'rolled_back') tallies.current.rolledBack++
    else tallies.current.sessionsUnknown++
    for (const tokens of spent) {
      const answer = await tallies.insist(() => service.refresh(kind, tokens))
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

/** Signs up people for ever. */
export function registrar({ service, tallies }: World): Client {
  const acknowledged: string[] = []
  return {
    async step() {
      const email = newAddress()
      const answer = await tallies.insist(() => service.signUp(email))
      const taken = answer.status === 422 && !answer.first
      if (taken) tallies.current.doneUnsaid++
      else if (answer.status !== 200) return tallies.violated(`a sign-up was answered ${answer.status}`)
      tallies.current.signUps++
      acknowledged.push(email)
    },
    async findLost() {
      const lost: string[] = []
      for (const email of acknowledged) {
        const { status } = await tallies.insist(() => service.logIn(email))
        if (status !== 200) lost.push(`an acknowledged sign-up: its login is answered ${status}`)
      }
      return lost
    },
  }
}

/** Logs in and out for ever. */
export async function leaver(world: World): Promise<Client> {
  const { service, tallies, asynchronous } = world
  let { email } = await service.newSession('login')
  const loggedOut: Tokens[] = []
  return {
    async step() {
      const login = await tallies.insist(() => service.logIn(email))
      if (login.status !== 200) {
        if (!asynchronous) tallies.violated(`a login was answered ${login.status}`)
        email = (await newSession(world, 'login')).email
        return
      }
      const answer = await tallies.insist(() => service.logOut(login.body))
      if (answer.status === 401 && !answer.first) tallies.current.doneUnsaid++
      else if (answer.status === 401 && asynchronous) tallies.current.sessionsUnknown++
      else if (answer.status !== 200) return tallies.violated(`a logout was answered ${answer.status}`)
      tallies.current.logouts++
      loggedOut.push(login.body)
    },
    async findLost() {
      const lost: string[] = []
      for (const tokens of loggedOut) {
        const read = await tallies.insist(() => service.me(tokens))
        const refreshed = await tallies.insist(() => service.refresh('login', tokens))
        if (read.status !== 401 || refreshed.status !== 401) lost.push('an acknowledged logout: the session lives')
      }
      return lost
    },
  }
}

/** Asks who it is for ever: an outage is no reason to say that nobody is. */
export async function reader({ service, tallies }: World): Promise<Client> {
  const tokens = await service.newSession('login')
  return {
    async step() {
      const { status } = await tallies.insist(() => service.me(tokens))
      if (status === 200) tallies.current.reads++
      else tallies.violated(`/me was answered ${status}`)
    },
    findLost: async () => [],
  }
}

/** A new session while the database may be away. */
async function newSession(world: World, kind: SessionKind): Promise<Tokens & { email: string }> {
  for (;;) {
    try {
      return await world.service.newSession(kind)
    } catch {
      await sleep(50)
    }
  }
}
