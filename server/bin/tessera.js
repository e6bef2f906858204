#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Plain JavaScript, so that a Node.js that cannot read the rest can still say so.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(`tessera: Node.js 24.7 or newer is needed; this is ${process.versions.node}.\n`)
  process.exit(1)
}
enableCompileCache() // a third off every start but the first
await import('../src/main.ts')
