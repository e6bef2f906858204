import { randomUUID } from 'node:crypto'
import { type Credentials, newCredentials, type Tokens } from '../../../harness/api.ts'
import type { Visitor } from './visitor.ts'

/** A client that signs in once and then refreshes and reads `/me`, by turns. */
export class Reader {
  readonly #visitor: Visitor
  readonly #user: Credentials
  #tokens: Tokens | null
  /** One for each token: an attempt that was not answered is followed by one with the same key. */
  #key = randomUUID() as string

  /** Signs up and in. @throws unless both are answered */
  static async start(visitor: Visitor): Promise<Reader> {
    const user = newCredentials()
    const signUp = await visitor.settle((api) => api.signUp(user))
    const login = await visitor.settle((api) => api.logIn(user))
    if (signUp.status !== 200 || login.status !== 200)
      throw new Error(`A client could not sign up and in: ${signUp.status}, ${login.status}`)
    return new Reader(visitor, user, login.body)
  }

  private constructor(visitor: Visitor, user: Credentials, tokens: Tokens) {
    this.#visitor = visitor
    this.#user = user
    this.#tokens = tokens
  }

  async step(): Promise<void> {
    if (this.#tokens === null) return this.#signInAgain()
    await this.#refresh(this.#tokens)
    if (this.#tokens !== null) await this.#read(this.#tokens)
  }

  /** Whether the newest token that was received is still good. */
  async findLost(): Promise<void> {
    const tokens = this.#tokens
    if (tokens === null) return
    const { status, body } = await this.#visitor.settle((api) => api.refresh('login', tokens, this.#key))
    if (status === 200) this.#keep(body)
    else this.#lose(`the session of the newest token is gone (${status})`)
  }

  async #refresh(tokens: Tokens): Promise<void> {
    const answer = await this.#visitor.send('refresh', (api) => api.refresh('login', tokens, this.#key))
    if (answer.ok) this.#keep(answer.body)
    else if (answer.status === 401) this.#lose('a refresh was answered 401')
  }

  async #read(tokens: Tokens): Promise<void> {
    const answer = await this.#visitor.send('/me', (api) => api.me(tokens))
    if (answer.ok && answer.body.user.email !== this.#user.email)
      this.#lose("/me was answered with another client's user")
  }

  async #signInAgain(): Promise<void> {
    const answer = await this.#visitor.send('login', (api) => api.logIn(this.#user))
    if (answer.ok) this.#keep(answer.body)
  }

  #keep(tokens: Tokens): void {
    this.#tokens = tokens
    this.#key = randomUUID()
  }

  #lose(text: string): void {
    this.#visitor.tally.addLoss(this.#visitor.route.name, text)
    this.#tokens = null
  }
}
