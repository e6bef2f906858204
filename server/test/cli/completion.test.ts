import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { runToEnd } from '../support/server-process.ts'
import { temporaryFolder } from '../support/test-database.ts'

const COMMAND = join(import.meta.dirname, '../../bin/tessera.js')

/** Skips where a shell is not installed. */
const needs = (shell: string) => ({ skip: spawnSync(shell, ['-c', ':']).error ? `there is no ${shell} here` : false })

/** Runs lines in a shell whose PATH has `tessera`; returns their output. */
function runIn(shell: string, lines: string, args: string[] = []): string {
  const folder = temporaryFolder()
  symlinkSync(COMMAND, join(folder, 'tessera'))
  const path = [folder, dirname(process.execPath), process.env['PATH']].join(delimiter)
  const run = spawnSync(shell, [...args, '-c', lines], { cwd: folder, encoding: 'utf8', env: { PATH: path } })
  assert.deepEqual([run.status, run.stderr], [0, ''], lines)
  assert.ok(!existsSync(join(folder, 'executed')), 'nothing that was typed is executed')
  return run.stdout
}

/** Completes the last of some words as bash does at a press of the tab key, with or without its completion package. */
const BASH = `
source <(tessera completion bash) && source <(tessera completion bash)
compopt() { :; }
try() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=(); __tessera_complete; echo "\${COMPREPLY[*]}"; }
complete -p tessera
`

test('bash completes commands, options and values, and executes nothing that was typed', needs('bash'), () => {
  const words = [
    'tessera us',
    "tessera ''",
    'tessera users im',
    'tessera users create --ro',
    "tessera users create a@example.com --role ''",
    'tessera outbox list --state f',
    `tessera users show '$(touch executed)' --js`,
    `tessera users show '$(touch executed'`,
  ]
  const lines = runIn('bash', `${BASH}${words.map((line) => `try ${line}`).join('\n')}`, ['--norc']).split('\n')
  assert.deepEqual(lines, [
    'complete -F __tessera_complete tessera',
    'users',
    'start migrate clean-up backup restore maintenance move status secret init test doctor users sessions limits keys outbox audit completion',
    'import',
    '--role',
    'user admin',
    'failed',
    '--json',
    '',
    '',
  ])
})

test('fish completes commands, options and values', needs('fish'), () => {
  const lines = runIn(
    'fish',
    `tessera completion fish | source
complete -C 'tessera us'
complete -C 'tessera users create --ro'
complete -C 'tessera outbox list --state '`,
    ['--no-config'],
  )
  assert.deepEqual(lines.split('\n').sort(), [
    '',
    '--role\trole of the user',
    'failed',
    'sent',
    'users\tCreate, find and change users.',
    'waiting',
  ])
})

test('zsh loads the script', needs('zsh'), () => {
  const lines = 'autoload -U compinit && compinit -D -u && source <(tessera completion zsh) && echo $_comps[tessera]'
  assert.equal(runIn('zsh', lines, ['-f']), '_tessera\n')
})

test('the script answers with descriptions, and an unknown shell is refused', async () => {
  const { code, output } = await runToEnd(['complete', '--', 'users', 'cr'])
  assert.deepEqual([code, output.split('\n')[0]?.split('\t')[0]], [0, 'create'])
  assert.match((await runToEnd(['completion', 'csh'])).output, /Allowed choices are bash, zsh, fish\./)
})
