import { type StartOptions, startTessera, type Tessera } from './start-tessera.ts'

type Use = (server: Tessera) => Promise<void>

// Both runners read the names of the fixtures that a function needs from its first parameter.
async function ownTessera({ tesseraOptions }: { tesseraOptions: StartOptions }, use: Use): Promise<void> {
  const server = await startTessera(tesseraOptions)
  await use(server)
  await server.stop()
}

async function tessera({ ownTessera }: { ownTessera: Tessera }, use: Use): Promise<void> {
  await ownTessera.reset()
  await use(ownTessera)
}

export interface TesseraFixtures {
  /** A server that is empty at the beginning of each test, but for the users of its options. */
  tessera: Tessera
  ownTessera: Tessera
  /** The options of the server. */
  tesseraOptions: StartOptions
}

type Fixtures<Scope, Option extends object> = {
  tesseraOptions: [StartOptions, { scope: Scope } & Option]
  ownTessera: [typeof ownTessera, { scope: Scope }]
  tessera: typeof tessera
}

/** For Vitest: a server for each test file, empty at the beginning of each test. */
export const vitestFixtures: Fixtures<'file', object> = {
  tesseraOptions: [{}, { scope: 'file' }],
  ownTessera: [ownTessera, { scope: 'file' }],
  tessera,
}

/** For Playwright: a server for each worker, empty at the beginning of each test. */
export const playwrightFixtures: Fixtures<'worker', { option: true }> = {
  tesseraOptions: [{}, { scope: 'worker', option: true }],
  ownTessera: [ownTessera, { scope: 'worker' }],
  tessera,
}
