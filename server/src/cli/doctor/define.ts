import { type Command, InvalidArgumentError } from 'commander'
import { defineCommand, jsonOption } from '../terminal/define-command.ts'
import type { DoctorOptions } from './doctor.ts'

/** Defines `tessera doctor`. */
export function defineDoctorCommand(program: Command): void {
  defineCommand(program, 'doctor', 'Look for faults in the settings, the database, the mail server and this machine.', [
    'tessera doctor',
    'tessera doctor --strict --json',
    'tessera doctor --through https://auth.example.com',
  ])
    .option('--strict', 'exit with 1 for warnings, too')
    .option('--through <url>', 'also ask a running server at the address of its clients', serverAddress)
    .addOption(jsonOption())
    .action(async (options: DoctorOptions) => (await import('./doctor.ts')).doctorCommand(options))
}

function serverAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === '')
    return url
  throw new InvalidArgumentError('It must be an address such as https://auth.example.com.')
}
