#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { keepCompiledCode } from './compile-cache.js'

// Plain JavaScript, so that a Node.js version that cannot run the rest can still report it.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 7)) {
  const isClone = existsSync(new URL('../src/main.ts', import.meta.url))
  const hasNode = existsSync(new URL('../../node_modules/node/package.json', import.meta.url))
  const advice =
    isClone && !hasNode
      ? 'run npm ci first, which brings a newer one for npm start and npx'
      : 'install 24.7 or newer, or in a clone start with npm start or npx tessera'
  process.stderr.write(`tessera: Node.js ${process.versions.node} is too old: ${advice}.\n`)
  process.exit(1)
}
keepCompiledCode()
// Runs the source if it is there. The package contains JavaScript, because Node.js runs no TypeScript inside node_modules.
const source = new URL('../src/main.ts', import.meta.url)
try {
  await import(existsSync(source) ? source.href : '../dist/main.js')
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/^Cannot find package/.test(error.message)) throw error
  const advice = existsSync(source) ? 'run npm ci first' : 'install tessera-auth again'
  process.stderr.write(`tessera: A package that Tessera needs is not installed: ${advice}.\n`)
  process.exit(1)
}
