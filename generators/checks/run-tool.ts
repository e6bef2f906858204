import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const FOLDER = join(import.meta.dirname, '..')
const PROGRAMS = join(FOLDER, 'node_modules/.bin')

/** The folder of all that the tools make. */
export const GENERATED = join(FOLDER, 'generated')

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
const TIMEOUT_MILLISECONDS = 60_000

/** No tool asks its maker for a newer version, or reports that it was run. */
const OFFLINE = {
  CI: 'true',
  DO_NOT_TRACK: '1',
  KUBB_DISABLE_TELEMETRY: '1',
  REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
  REDOCLY_TELEMETRY: 'off',
}

/** @throws with the command that installs the tools, if they are not there */
export function requireTools(): void {
  if (!existsSync(PROGRAMS)) throw new Error('The tools are not installed. Run: npm ci --prefix generators')
}

/**
 * Runs a program of the tools with this Node.js, in the folder `generators` unless another one is given.
 *
 * @throws with its output when it fails
 */
export async function runTool(
  program: string,
  args: readonly string[],
  { environment = {}, cwd = FOLDER }: { environment?: Record<string, string>; cwd?: string } = {},
): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...OFFLINE, ...environment }
  try {
    await promisify(execFile)(process.execPath, [join(PROGRAMS, program), ...args], {
      cwd,
      env,
      maxBuffer: MAX_OUTPUT_BYTES,
      timeout: TIMEOUT_MILLISECONDS,
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args[0]} failed:\n${stdout}${stderr || error}`)
  }
}
