import { randomUUID } from 'node:crypto'
import { type Answer, type Api, expectOk, type Tokens } from '../../harness/api.ts'
import { readToken } from '../actors/token.ts'
import type { Presentation, Story } from './stories.ts'

const BEFORE = 5

interface Held {
  tokens: Tokens
  /** Of the attempt that spent them. */
  key: string
}

/** A session whose every token is remembered, through a backup and its restoring. */
export class RestoredSession {
  readonly kind: 'login' | 'pair'
  readonly story: Story
  readonly #api: Api
  readonly #held: Held[]
  #atBackup = 0
  /** What the thief has got. */
  #own: Tokens | null = null
  #ownerWasRefused = false
  readonly trace: string[] = []

  static async begin(api: Api, kind: 'login' | 'pair', story: Story): Promise<RestoredSession> {
    const session = new RestoredSession(api, kind, story, await api.newSession(kind))
    await session.#rotate(story.before ?? BEFORE)
    session.#atBackup = session.#held.length - 1
    return session
  }

  private constructor(api: Api, kind: 'login' | 'pair', story: Story, first: Tokens) {
    this.#api = api
    this.kind = kind
    this.story = story
    this.#held = [{ tokens: first, key: randomUUID() }]
  }

  get id(): string {
    return readToken(this.#newest.refresh_token).session
  }

  /** All that was ever handed out, the newest first. */
  get all(): Tokens[] {
    return [...(this.#own ? [this.#own] : []), ...this.#held.map(({ tokens }) => tokens).reverse()]
  }

  /** What happens between the backup and the loss of the database. */
  async goOn(): Promise<void> {
    await this.#rotate(this.story.after)
    if (this.story.ended === 'logout') expectOk(await this.#api.logOut(this.kind, this.#newest))
    if (this.story.ended === 'reuse') {
      const answer = await this.#api.refresh(this.kind, this.#tokensOf(0))
      if (answer?.status !== 401) throw new Error(`a reuse was answered ${answer?.status}`)
    }
  }

  /** What happens after the restoring. Returns whether anything of the session is good for anything afterwards. */
  async play(): Promise<{ lives: boolean; ownerWasRefused: boolean }> {
    for (const presentation of this.story.presentations) await this.#present(presentation)
    let lives = false
    for (const tokens of this.all) lives ||= (await this.#api.refresh(this.kind, tokens))?.status === 200
    return { lives, ownerWasRefused: this.#ownerWasRefused }
  }

  async #present({ by, token, manner }: Presentation): Promise<void> {
    const tokens = token === 'newest' ? this.#newest : token === 'own' ? this.#own : this.#tokensOf(token)
    const name = token === 'newest' ? this.story.after : token
    if (!tokens) return void this.trace.push(`${by} has none`)
    const answer = await this.#ask(tokens, manner, token)
    this.trace.push(`${by} ${manner ? `${manner} ` : ''}${name}: ${answer?.status}`)
    if (answer?.status === 401 && by === 'owner') this.#ownerWasRefused = true
    if (answer?.status !== 200 || manner === 'logs out') return
    if (by === 'thief') this.#own = answer.body
    else this.#held.push({ tokens: answer.body, key: randomUUID() })
  }

  #ask(tokens: Tokens, manner: Presentation['manner'], token: Presentation['token']): Promise<Answer | null> {
    if (manner === 'logs out') return this.#api.logOut(this.kind, tokens)
    const key = manner === 'repeats' && typeof token === 'number' ? this.#held[this.#atBackup + token]?.key : undefined
    return this.#api.refresh(this.kind, tokens, key)
  }

  async #rotate(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      const key = this.#held.at(-1)?.key
      const tokens: Tokens = expectOk(await this.#api.refresh(this.kind, this.#newest, key))
      this.#held.push({ tokens, key: randomUUID() })
    }
  }

  get #newest(): Tokens {
    return this.#tokensOf(this.#held.length - 1 - this.#atBackup)
  }

  #tokensOf(sinceBackup: number): Tokens {
    const held = this.#held[this.#atBackup + sinceBackup]
    if (!held) throw new Error(`there is no token ${sinceBackup}`)
    return held.tokens
  }
}
