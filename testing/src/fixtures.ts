import { startTessera, type Tessera } from './start-tessera.ts'

type Use = (server: Tessera) => Promise<void>

// Both runners read the names of the fixtures that a function needs from its first parameter.
// biome-ignore lint/correctness/noEmptyPattern: it needs none
async function ownTessera({}: object, use: Use): Promise<void> {
  const server = await startTessera()
  await use(server)
  await server.stop()
}

async function tessera({ ownTessera }: { ownTessera: Tessera }, use: Use): Promise<void> {
  await ownTessera.reset()
  await use(ownTessera)
}

export interface TesseraFixtures {
  /** A server that is empty at the beginning of each test. */
  tessera: Tessera
  ownTessera: Tessera
}

type Fixtures<Scope> = {
  ownTessera: [typeof ownTessera, { scope: Scope }]
  tessera: typeof tessera
}

/** For Vitest: a server for each test file, empty at the beginning of each test. */
export const vitestFixtures: Fixtures<'file'> = { ownTessera: [ownTessera, { scope: 'file' }], tessera }

/** For Playwright: a server for each worker, empty at the beginning of each test. */
export const playwrightFixtures: Fixtures<'worker'> = { ownTessera: [ownTessera, { scope: 'worker' }], tessera }
