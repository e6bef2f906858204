import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'

const document = readFileSync(new URL('../../../docs/command-line.md', import.meta.url), 'utf8')

/** Commands that do something, by their full names: `users create`. */
function commands(parent: Command, names: readonly string[] = []): [name: string, command: Command][] {
  return parent.commands.flatMap((command): [string, Command][] => {
    const path = [...names, command.name()]
    return command.commands.length > 0 ? commands(command, path) : [[path.join(' '), command]]
  })
}

/** The row of the table about a command: from its name to the end of the line. */
function findRow(name: string): string {
  const row = document.split('\n').find((line) => new RegExp(`^\\| \`${name}[ \`]`).test(line))
  assert.ok(row, `docs/command-line.md has no row for ${name}`)
  return row
}

test('docs/command-line.md has every command with its arguments and options', () => {
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

test('docs/command-line.md names no command and no option that is not there', () => {
  const all = commands(createProgram('0.0.0'))
  const names = all.map(([name]) => name)
  const options = new Set(all.flatMap(([, command]) => command.options.map(({ long }) => long)))
  for (const [, name = ''] of document.matchAll(/^\| `([a-z- ]+?)(?: [<[-].*?)?`/gm))
    assert.ok(names.includes(name), name)
  for (const [option] of document.matchAll(/--[a-z][a-z-]+/g))
    assert.ok(options.has(option) || ['--help', '--version'].includes(option), option)
})
