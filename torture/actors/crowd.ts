import { app } from './app.ts'
import { leaver } from './leaver.ts'
import { lockedTabs } from './locked-tabs.ts'
import type { Operator } from './operator.ts'
import { otherSessions } from './other-sessions.ts'
import { passwordResets } from './password-resets.ts'
import { secondLogins } from './second-logins.ts'
import { tabs } from './tabs.ts'
import { constantKeyTheft } from './thieves/constant-key-theft.ts'
import { otherWays } from './thieves/other-ways.ts'
import { theft } from './thieves/theft.ts'
import type { World } from './world.ts'

type Actor = (world: World, name: string) => Promise<void>

/** Starts all actors of a run: apps and tabs, users who leave or end sessions, and thieves. */
export function crowd(world: World, operator: Operator): Promise<void>[] {
  const actors: [count: number, name: string, actor: Actor][] = [
    [10, 'app with keys', (own, name) => app(own, name, { kind: 'login', keys: 'fresh' })],
    [5, 'app with a constant key', (own, name) => app(own, name, { kind: 'login', keys: 'constant' })],
    [6, 'app without keys', (own, name) => app(own, name, { kind: 'login', keys: 'none' })],
    [
      4,
      'app that keeps its first token',
      (own, name) => app(own, name, { kind: 'login', keys: 'none', keepsFirstToken: true }),
    ],
    [4, 'app with attempts', (own, name) => app(own, name, { kind: 'login', keys: 'attempt' })],
    [3, 'pair with attempts', (own, name) => app(own, name, { kind: 'pair', keys: 'attempt' })],
    [6, 'pair with keys', (own, name) => app(own, name, { kind: 'pair', keys: 'fresh' })],
    [2, 'pair with a constant key', (own, name) => app(own, name, { kind: 'pair', keys: 'constant' })],
    [3, 'pair without keys', (own, name) => app(own, name, { kind: 'pair', keys: 'none' })],
    [3, 'tabs with a lock', lockedTabs],
    [4, 'tabs with a cookie', (own, name) => tabs(own, name, 'cookie')],
    [4, 'tabs with attempts', (own, name) => tabs(own, name, 'login')],
    [5, 'copy sent another way', otherWays],
    [4, 'browser that logs in again', secondLogins],
    [4, 'theft of a login', (own, name) => theft(own, name, 'login')],
    [3, 'theft of a pair', (own, name) => theft(own, name, 'pair')],
    [2, 'theft of a cookie', (own, name) => theft(own, name, 'cookie')],
    [4, 'theft of a constant key', (own, name) => constantKeyTheft(own, name, 'login')],
    [2, "theft of a pair's constant key", (own, name) => constantKeyTheft(own, name, 'pair')],
    [5, 'user who ends other sessions', otherSessions],
    [4, 'user who resets a password', passwordResets],
    [3, 'leaver', (own, name) => leaver(own, name, null)],
    [1, 'leaver through an operator', (own, name) => leaver(own, name, operator)],
  ]
  return actors.flatMap(([count, name, actor]) =>
    Array.from({ length: count }, (_, index) => actor(world, `${name} ${index + 1}`)),
  )
}
