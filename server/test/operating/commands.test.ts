import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { SETTINGS } from '../../src/config/settings/settings.ts'
import { mayNotCreate } from '../support/own-database.ts'
import { onPostgres } from '../support/test-database.ts'
import { type Block, PAGES } from './pages.ts'
import { openSite, type Site } from './site.ts'

// Every shell block of docs/operating.md and docs/operating/ is run as printed, on the database that it is for.

/** Lines of a supervisor, which the test does itself. */
const SUPERVISED: Readonly<Record<string, (site: Site) => Promise<void>>> = {
  'systemctl enable --now tessera': (site) => site.start(),
  'systemctl start tessera': (site) => site.start(),
  'systemctl restart tessera': (site) => site.start(),
  'systemctl stop tessera': (site) => site.stop(),
}

/** Lines that cannot run here, with the reason. */
const NOT_RUN: readonly [line: RegExp, reason: string][] = [[/^kubectl /, 'there is no cluster here']]

const PROGRAMS = ['curl', 'jq', 'openssl', 'psql', 'createdb', 'pg_dump', 'pg_restore']
const missing = PROGRAMS.filter((program) => spawnSync(program, ['--version']).error)

function reasonToSkip({ database, text }: Block): string | false {
  if (database !== null && database !== (onPostgres ? 'postgres' : 'sqlite')) return `of ${database}`
  const lacking = missing.find((program) => new RegExp(`\\b${program} `).test(text))
  return lacking !== undefined && `there is no ${lacking} here`
}

/** The lines of a block, with those that the test treats apart from the others. */
function split(text: string): string[] {
  const parts: string[] = []
  let isOpen = false
  for (const line of text.trim().split('\n')) {
    const isApart = line in SUPERVISED || NOT_RUN.some(([pattern]) => pattern.test(line))
    if (isOpen && !isApart) parts.push(`${parts.pop()}\n${line}`)
    else parts.push(line)
    isOpen = !isApart
  }
  return parts
}

async function runBlock(site: Site, text: string, tell: (reason: string) => void): Promise<void> {
  for (const part of split(text)) {
    const cause = NOT_RUN.find(([pattern]) => pattern.test(part))?.[1]
    if (cause) tell(`${part}: ${cause}`)
    if (part in SUPERVISED) await SUPERVISED[part]?.(site)
    else if (!cause) {
      const { code, output } = await site.run(part)
      assert.equal(code, 0, `${part}\n${output}`)
      assert.doesNotMatch(output, /^(tessera|psql|curl|jq): /m, part)
    }
  }
}

suite('the commands of a page run as printed, from top to bottom', { concurrency: 2 }, () => {
  for (const { file, blocks } of PAGES) {
    const shell = blocks.filter(({ language }) => language === 'sh')
    if (shell.every((block) => reasonToSkip(block))) continue
    test(file, { skip: onPostgres && mayNotCreate }, async (t) => {
      const site = await openSite()
      for (const block of shell)
        await t.test(block.text.split('\n')[0] ?? '', { skip: reasonToSkip(block) }, (each) =>
          runBlock(site, block.text, (reason) => each.diagnostic(reason)),
        )
    })
  }
})

/** The commands that can be run, by their full names: `users create`. */
function commands(parent: Command, names: readonly string[] = []): [name: string, command: Command][] {
  return parent.commands.flatMap((command): [string, Command][] => {
    const path = [...names, command.name()]
    const isGroup = command.commands.length > 0
    return isGroup ? commands(command, path) : [[path.join(' '), command]]
  })
}

test('commands in the text of these pages exist, with their options', () => {
  const known = new Map(commands(createProgram('0.0.0')))
  let seen = 0
  for (const { file, prose } of PAGES)
    for (const [, line = ''] of prose.matchAll(/`tessera ([^`]+)`/g)) {
      const [first = '', second = ''] = line.split(' ')
      const command = known.get(`${first} ${second}`) ?? known.get(first)
      assert.ok(command, `${file}: tessera ${line}`)
      const options = command.options.map(({ long }) => long)
      for (const [option] of line.matchAll(/--[a-z-]+/g))
        assert.ok(options.includes(option), `${file}: tessera ${line}`)
      seen++
    }
  assert.ok(seen > 20, `${seen}`)
})

test('a command stands in a block that is run, and settings in blocks are those of the configuration', () => {
  const names = new Set(Object.values(SETTINGS).map(({ name, secret }) => (secret ? `${name}_FILE` : name)))
  for (const { file, blocks, prose } of PAGES) {
    assert.doesNotMatch(prose, /^\s+(tessera|curl|psql|systemctl|kubectl|docker) /m, file)
    for (const { language, text } of blocks) {
      assert.match(language, /^(sh|sql|ini|yaml)$/, file)
      if (language !== 'ini') continue
      for (const [, name = ''] of text.matchAll(/^(\w+)=/gm)) assert.ok(names.has(name), `${file}: ${name}`)
    }
  }
})
