// This process puts load on a server as its parent orders, so that the load and the server share no event loop.
import { type Answer, KeptConnection } from './kept-connection.ts'
import { type Pace, repeatFor } from './repeat-for.ts'

/** A kind of request; the report has one row for each. */
export type Work = 'me' | 'refresh' | 'pairs' | 'login' | 'mix' | 'new'

export interface Order {
  work: Work
  seconds: number
}

export interface Result extends Pace {
  /** Processor time of this process. */
  cpuSeconds: number
}

interface Tokens {
  access_token: string
  refresh_token: string
}

interface Client {
  index: number
  connection: KeptConnection
  /** How often its access token was used. */
  uses: number
  login: Tokens
  pair: Tokens
}

const [url = '', email = '', guid = '', serviceKey = '', count = '32', users = '1'] = process.argv.slice(2)
const PASSWORD = 'correct horse battery'
const LOGIN = '/api/v1/auth/login'

/** Returns the address of a client's user; that of a random one if there are more users than clients. */
function addressFor(client: number): string {
  if (users === '1') return email
  const isRandom = Number(users) > Number(count)
  return `user${1 + (isRandom ? Math.floor(Math.random() * Number(users)) : client % Number(users))}@example.org`
}

async function ok<Body>(answering: Promise<Answer>): Promise<Body> {
  const { status, body } = await answering
  if (status !== 200) throw new Error(`A request was answered ${status}: ${body}`)
  return JSON.parse(body)
}

async function newClient(index: number): Promise<Client> {
  const connection = new KeptConnection(url)
  const login = await ok<Tokens>(connection.ask(LOGIN, { body: { email: addressFor(index), password: PASSWORD } }))
  const pair = await ok<Tokens>(
    connection.ask('/auth/token', { body: { auth: { user_guid: guid } }, bearer: serviceKey }),
  )
  return { index, connection, uses: 0, login, pair }
}

/** How often a client uses an access token until it refreshes, on the mixed row. */
const USES_OF_TOKEN = 20

const steps: Record<Work, (client: Client) => Promise<void>> = {
  async me({ connection, login }) {
    await ok(connection.ask('/api/v1/auth/me', { bearer: login.access_token }))
  },
  async refresh({ connection, login }) {
    const { refresh_token } = login
    Object.assign(login, await ok(connection.ask('/api/v1/auth/refresh', { body: { refresh_token } })))
  },
  async pairs({ connection, pair }) {
    Object.assign(pair, await ok(connection.ask('/auth/refresh', { body: { auth: pair } })))
  },
  /** Uses each access token twenty times. */
  async mix(client) {
    if (client.uses++ % USES_OF_TOKEN < USES_OF_TOKEN - 1) await steps.me(client)
    else await steps.refresh(client)
  },
  /** Uses each access token once: a step is a refresh and `/me`. */
  async new(client) {
    await steps.refresh(client)
    await steps.me(client)
  },
  async login({ connection, index }) {
    await ok(connection.ask(LOGIN, { body: { email: addressFor(index), password: PASSWORD } }))
  },
}

async function carryOut(clients: Client[], { work, seconds }: Order): Promise<Result> {
  const before = process.cpuUsage()
  const pace = await repeatFor(
    seconds,
    clients.map((client) => () => steps[work](client)),
  )
  const { user, system } = process.cpuUsage(before)
  return { ...pace, cpuSeconds: (user + system) / 1_000_000 }
}

const clients: Client[] = []
for (let index = 0; index < Number(count); index++) clients.push(await newClient(index))
process.on('message', async (order: Order) => process.send?.(await carryOut(clients, order)))
process.send?.('ready')
