import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runToEnd } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'

const skip = process.getuid === undefined && 'files have no owners here'

/** Runs a command on a machine with this folder for temporary files; returns what the folder of the cache then contains. */
async function runOn(machine: string): Promise<string[]> {
  const { code } = await runToEnd(['--version'], { environment: { TMPDIR: machine, NODE_COMPILE_CACHE: '' } })
  assert.equal(code, 0, 'it runs without a cache as well')
  return readdirSync(cacheOf(machine))
}

const cacheOf = (machine: string) => join(machine, `tessera-compile-cache-${process.getuid?.()}`)

test('compiled code is kept in a folder that is open to no other user', { skip }, async () => {
  const machine = temporaryFolder()
  assert.equal((await runOn(machine)).length, 1)
  assert.equal(statSync(cacheOf(machine)).mode & 0o777, 0o700)
})

test('compiled code is neither kept nor taken where others could change it', { skip }, async () => {
  const open = temporaryFolder()
  mkdirSync(cacheOf(open))
  chmodSync(cacheOf(open), 0o770)
  assert.deepEqual(await runOn(open), [], 'a group can write to it')

  const linked = temporaryFolder()
  mkdirSync(join(linked, 'elsewhere'), { mode: 0o700 })
  symlinkSync(join(linked, 'elsewhere'), cacheOf(linked))
  assert.deepEqual(await runOn(linked), [], 'it is a link')

  const shared = temporaryFolder()
  chmodSync(shared, 0o777)
  assert.deepEqual(await runOn(shared), [], 'others could put a folder of theirs in its place')
  chmodSync(shared, 0o1777)
  assert.equal((await runOn(shared)).length, 1, 'the usual folder for temporary files')
})
