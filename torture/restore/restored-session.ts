import { randomUUID } from 'node:crypto'
import { type Answer, type Api, expectOk, type Tokens } from '../../harness/api.ts'
import { readToken } from '../actors/token.ts'
import type { Presentation, Story } from './stories.ts'

const DEFAULT_ROTATIONS_BEFORE = 5

interface HeldTokens {
  tokens: Tokens
  /** The key of the attempt that uses them. */
  key: string
}

export interface PlayedStory {
  /** Whether any token of the session is still accepted. */
  isActive: boolean
  ownerWasRefused: boolean
}

/** A session that remembers all its tokens while its database is backed up, lost and restored. */
export class RestoredSession {
  readonly kind: 'login' | 'pair'
  readonly story: Story
  /** The presentations after the restore, each with the status of its answer. */
  readonly trace: string[] = []
  readonly #api: Api
  readonly #held: HeldTokens[]
  #indexAtBackup = 0
  /** The newest tokens that the thief received. */
  #ofThief: Tokens | null = null
  #ownerWasRefused = false

  static async start(api: Api, kind: 'login' | 'pair', story: Story): Promise<RestoredSession> {
    const session = new RestoredSession(api, kind, story, await api.newSession(kind))
    await session.#rotate(story.before ?? DEFAULT_ROTATIONS_BEFORE)
    session.#indexAtBackup = session.#held.length - 1
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

  /** All tokens that were issued, the newest first. */
  get all(): Tokens[] {
    return [...(this.#ofThief ? [this.#ofThief] : []), ...this.#held.map(({ tokens }) => tokens).reverse()]
  }

  /** Plays the part of the story between the backup and the loss of the database. */
  async continueAfterBackup(): Promise<void> {
    await this.#rotate(this.story.after)
    if (this.story.ended === 'logout') expectOk(await this.#api.logOut(this.kind, this.#newest))
    if (this.story.ended === 'reuse') {
      const answer = await this.#api.refresh(this.kind, this.#tokensAt(0))
      if (answer?.status !== 401) throw new Error(`A reuse was answered ${answer?.status} instead of 401.`)
    }
  }

  /** Plays the part of the story after the restore, then tries all tokens. */
  async playAfterRestore(): Promise<PlayedStory> {
    for (const presentation of this.story.presentations) await this.#present(presentation)
    return { isActive: await this.canRefresh(), ownerWasRefused: this.#ownerWasRefused }
  }

  /** Whether any token can be refreshed; tries them all until one can. */
  async canRefresh(): Promise<boolean> {
    for (const tokens of this.all) if ((await this.#api.refresh(this.kind, tokens))?.status === 200) return true
    return false
  }

  /** Whether any access token is accepted. */
  async canRead(): Promise<boolean> {
    const answers = await Promise.all(this.all.map((tokens) => this.#api.me(tokens)))
    return answers.some((answer) => answer?.status === 200)
  }

  async #present({ by, token, manner }: Presentation): Promise<void> {
    const tokens = token === 'newest' ? this.#newest : token === 'own' ? this.#ofThief : this.#tokensAt(token)
    const name = token === 'newest' ? this.story.after : token
    if (!tokens) return void this.trace.push(`${by} has none`)
    const answer = await this.#send(tokens, manner, token)
    this.trace.push(`${by} ${manner ? `${manner} ` : ''}${name}: ${answer?.status}`)
    if (answer?.status === 401 && by === 'owner') this.#ownerWasRefused = true
    if (answer?.status !== 200 || manner === 'logs out') return
    if (by === 'thief') this.#ofThief = answer.body
    else this.#held.push({ tokens: answer.body, key: randomUUID() })
  }

  #send(tokens: Tokens, manner: Presentation['manner'], token: Presentation['token']): Promise<Answer | null> {
    if (manner === 'logs out') return this.#api.logOut(this.kind, tokens)
    const repeats = manner === 'repeats' && typeof token === 'number'
    const key = repeats ? this.#held[this.#indexAtBackup + token]?.key : undefined
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
    return this.#tokensAt(this.#held.length - 1 - this.#indexAtBackup)
  }

  #tokensAt(sinceBackup: number): Tokens {
    const held = this.#held[this.#indexAtBackup + sinceBackup]
    if (!held) throw new Error(`The session has no token ${sinceBackup}: correct the story "${this.story.title}".`)
    return held.tokens
  }
}
