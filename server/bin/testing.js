import { existsSync } from 'node:fs'

// Runs the source if it is there, as tessera.js does.
const source = new URL('../src/test-mode/server/start-test-server.ts', import.meta.url)
export const { startTestServer } = await import(
  existsSync(source) ? source.href : '../dist/test-mode/server/start-test-server.js'
)
