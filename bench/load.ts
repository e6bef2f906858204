// A process of load, told by its parent what to ask of whom: so that the load shares no event loop with what is measured.
import { type Answer, KeptConnection } from './kept-connection.ts'
import { type Pace, repeatFor } from './repeat-for.ts'

/** What can be asked; the names are those of the table. */
export type Work = 'me' | 'refresh' | 'pairs' | 'login'

export interface Order {
  work: Work
  seconds: number
}

export interface Result extends Pace {
  /** Of this process. */
  cpuSeconds: number
}

interface Tokens {
  access_token: string
  refresh_token: string
}

interface Client {
  connection: KeptConnection
  login: Tokens
  pair: Tokens
}

const [url = '', email = '', guid = '', serviceKey = '', count = '32', people = '1'] = process.argv.slice(2)
const PASSWORD = 'correct horse battery'
const LOGIN = '/api/v1/auth/login'

/** Somebody of as many people as there are, `person1@…` and so on; the one who signed up where there is nobody else. */
const somebody = () => (people === '1' ? email : `person${1 + Math.floor(Math.random() * Number(people))}@example.org`)

async function ok<Body>(answering: Promise<Answer>): Promise<Body> {
  const { status, body } = await answering
  if (status !== 200) throw new Error(`answered ${status}: ${body}`)
  return JSON.parse(body)
}

async function newClient(): Promise<Client> {
  const connection = new KeptConnection(url)
  const login = await ok<Tokens>(connection.ask(LOGIN, { body: { email: somebody(), password: PASSWORD } }))
  const pair = await ok<Tokens>(
    connection.ask('/auth/token', { body: { auth: { user_guid: guid } }, bearer: serviceKey }),
  )
  return { connection, login, pair }
}

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
  async login({ connection }) {
    await ok(connection.ask(LOGIN, { body: { email: somebody(), password: PASSWORD } }))
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
for (let index = 0; index < Number(count); index++) clients.push(await newClient())
process.on('message', async (order: Order) => process.send?.(await carryOut(clients, order)))
process.send?.('ready')
