// This process puts load on a product as its parent orders, so that the load shares no event loop with its parent.
import { once } from 'node:events'
import { KeptConnection } from '../load/kept-connection.ts'
import { type Pace, repeatFor } from '../load/repeat-for.ts'
import { PRODUCTS, type Product, type ProductKey, type Session, type Work } from './products.ts'

export interface Order {
  work: Work
  seconds: number
}

/** Each client has its own user: products write to the user's row, where sessions of one user would wait for each other. */
interface Client {
  email: string
  session: Session
}

const [key = '', url = '', count = ''] = process.argv.slice(2)
const product: Product = PRODUCTS[key as ProductKey]

async function connect(): Promise<KeptConnection> {
  const connection = new KeptConnection(url)
  await once(connection.socket, 'connect')
  return connection
}

async function newClients(): Promise<Client[]> {
  const connection = await connect()
  const emails = Array.from({ length: Number(count) }, (_, index) => `bench-${index}@example.com`)
  await product.signUp(connection, emails)
  const clients: Client[] = []
  for (const email of emails) clients.push({ email, session: await product.login(connection, email) })
  connection.socket.destroy()
  return clients
}

const steps: Record<Work, (connection: KeptConnection, client: Client) => Promise<void>> = {
  async login(connection, { email }) {
    await product.login(connection, email)
  },
  async refresh(connection, client) {
    client.session = await product.refresh(connection, client.session)
  },
  async me(connection, { email, session }) {
    const named = await product.me(connection, session)
    if (named !== email) throw new Error(`The answer names ${named} instead of ${email}.`)
  },
}

/** Measures on new connections: a server may have closed idle ones while the other products were measured. */
async function carryOut(clients: Client[], { work, seconds }: Order): Promise<Pace> {
  const connections = await Promise.all(clients.map(connect))
  const pace = await repeatFor(
    seconds,
    clients.map((client, index) => () => steps[work](connections[index] as KeptConnection, client)),
  )
  for (const { socket } of connections) socket.destroy()
  if (pace.perSecond === 0) throw new Error(`No ${work} was answered within ${seconds} s: raise --seconds.`)
  return pace
}

const clients = await newClients()
process.on('message', async (order: Order) => process.send?.(await carryOut(clients, order)))
process.send?.('ready')
