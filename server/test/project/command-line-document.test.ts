import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'

const page = readFileSync(new URL('../../../docs/command-line.md', import.meta.url), 'utf8')

/** The commands that can be run, by their full names: `users create`. */
function commands(parent: Command, names: readonly string[] = []): [name: string, command: Command][] {
  return parent.commands.flatMap((command): [string, Command][] => {
    const path = [...names, command.name()]
    return command.commands.length > 0 ? commands(command, path) : [[path.join(' '), command]]
  })
}

/** Finds the table row of a command. */
function findRow(name: string): string {
  const row = page.split('\n').find((line) => new RegExp(`^\\| \`${name}[ \`]`).test(line))
  assert.ok(row, `docs/command-line.md has no row for ${name}`)
  return row
}

test('docs/command-line.md lists every command with its arguments and options', () => {
  for (const [name, command] of commands(createProgram('0.0.0'))) {
    const row = findRow(name)
    for (const argument of command.registeredArguments)
      assert.ok(row.includes(argument.name()), `${name}: argument ${argument.name()}`)
    for (const { long } of command.options) {
      if (long === '--json' || long === '--limit') continue // described once, below the table
      assert.ok(row.includes(long ?? ''), `${name}: option ${long}`)
    }
  }
})

test('docs/command-line.md names only commands and options that exist', () => {
  const program = createProgram('0.0.0')
  const all = commands(program)
  const names = all.map(([name]) => name)
  const options = new Set(
    [program, ...all.map(([, command]) => command)].flatMap((command) => command.options.map(({ long }) => long)),
  )
  for (const [, name = ''] of page.matchAll(/^\| `([a-z- ]+?)(?: [<[-].*?)?`/gm)) assert.ok(names.includes(name), name)
  for (const [option] of page.matchAll(/--[a-z][a-z-]+/g)) assert.ok(options.has(option) || option === '--help', option)
})
