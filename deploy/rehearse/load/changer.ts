import { type Credentials, newCredentials, type Tokens } from '../../../harness/api.ts'
import type { SiteDatabase } from '../site/database.ts'
import type { Visitor } from './visitor.ts'

/** A client that signs up, in and out, each time as a new user from a new network. */
export class Changer {
  readonly #newVisitor: () => Visitor
  #signedUp: string[] = []
  #loggedOut: Tokens[] = []

  constructor(newVisitor: () => Visitor) {
    this.#newVisitor = newVisitor
  }

  async step(): Promise<void> {
    const visitor = this.#newVisitor()
    await this.#visit(visitor, newCredentials())
    visitor.leave()
  }

  async #visit(visitor: Visitor, user: Credentials): Promise<void> {
    const signUp = await visitor.send('sign-up', (api) => api.signUp(user))
    if (!signUp.ok) return
    this.#signedUp.push(user.email)
    const login = await visitor.send('login', (api) => api.logIn(user))
    if (!login.ok) return
    const logout = await visitor.send('logout', (api) => api.logOut('login', login.body))
    if (logout.ok) this.#loggedOut.push(login.body)
  }

  /** Looks for acknowledged users in the database, and for acknowledged logouts at the service. */
  async findLost(database: SiteDatabase): Promise<void> {
    const visitor = this.#newVisitor()
    const route = visitor.route.name
    const rows = await database.query<{ email: string }>('select email from users where email = any($1)', [
      this.#signedUp,
    ])
    const found = new Set(rows.map(({ email }) => email))
    for (const email of this.#signedUp)
      if (!found.has(email)) visitor.tally.addLoss(route, 'an acknowledged sign-up is not in the database')
    for (const tokens of this.#loggedOut) {
      const { status } = await visitor.settle((api) => api.refresh('login', tokens))
      if (status !== 401) visitor.tally.addLoss(route, `a session is active after its acknowledged logout (${status})`)
    }
    visitor.leave()
    this.#signedUp = []
    this.#loggedOut = []
  }
}
