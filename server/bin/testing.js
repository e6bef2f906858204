import { existsSync } from 'node:fs'
import module from 'node:module'

// Test files after the first load the server in half the time. A measurement of coverage would become less precise.
if (!process.env.NODE_V8_COVERAGE) module.enableCompileCache()
// Runs the source if it is there, as tessera.js does.
const source = new URL('../src/test-mode/server/start-test-server.ts', import.meta.url)
export const { startTestServer } = await import(
  existsSync(source) ? source.href : '../dist/test-mode/server/start-test-server.js'
)
