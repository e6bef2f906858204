import { print, printJson } from '../terminal/output.ts'
import { findFramework } from './framework.ts'
import { writeNewFiles } from './new-files.ts'
import { COMPOSE_FILE, settingsFile } from './settings-file.ts'
import { SNIPPETS } from './snippets.ts'

interface Options {
  compose?: boolean
  force?: boolean
  json?: boolean
}

/** Steps that only an operator can do. */
const PRODUCTION = [
  'NODE_ENV=production, and a .env of its own: run tessera init there, or take the secrets from a store',
  'PUBLIC_URL=https://…, where browsers reach Tessera; tokens name it as their issuer',
  'TRUSTED_PROXIES, the addresses of the proxy that ends HTTPS; or TLS_CERT_FILE and TLS_KEY_FILE without one',
  'CORS_ORIGINS, if pages of another origin call it',
  'SMTP_URL and MAIL_FROM, so that mails are sent',
  'DATABASE_URL=postgres://…, for more than one server; else a backup of the SQLite file',
]

/**
 * `tessera init`: writes the settings with new secrets, and the first lines for the framework of this folder. It asks
 * nothing, and replaces no file unless it is told to.
 *
 * @throws {CommandError} if one of the files exists; then it has written none
 */
export async function initCommand({ compose = false, force = false, json = false }: Options): Promise<void> {
  const framework = findFramework()
  const { file, text, install } = SNIPPETS[framework]
  const files = [
    { name: '.env', text: settingsFile(), isSecret: true },
    { name: file, text },
    ...(compose ? [{ name: 'compose.tessera.yaml', text: COMPOSE_FILE }] : []),
  ]
  writeNewFiles(files, { force })
  const names = files.map(({ name }) => name)
  if (json) return printJson([{ files: names, framework, install, production: PRODUCTION }])
  print(`Wrote ${names.join(', ')}. Only this account can read .env; keep it out of version control.`)
  print(`Next: start Tessera with tessera start, then npm install ${install}, and see ${file} (${framework}).`)
  print('Production still needs:')
  for (const line of PRODUCTION) print(`  ${line}`)
}
