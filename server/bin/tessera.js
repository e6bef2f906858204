#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'

// Plain JavaScript, so that a Node.js that cannot read the rest can still say so.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(`tessera: Node.js 24.7 or newer is needed; this is ${process.versions.node}.\n`)
  process.exit(1)
}
module.enableCompileCache() // a third off every start but the first
// The source where it is; the package has what was made of it, since Node.js reads no TypeScript inside node_modules.
const source = new URL('../src/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : '../dist/main.js')
