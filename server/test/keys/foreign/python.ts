import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after } from 'node:test'

// Debian's package is found by Debian's Python only; another one may come first in PATH.
const interpreter = ['/usr/bin/python3', 'python3'].find(
  (program) => spawnSync(program, ['-c', 'import jwt, cryptography']).status === 0,
)

/** The reason to skip tests with PyJWT; false if it is here. */
export const noPyJwt =
  interpreter === undefined && 'there is no PyJWT here (Debian: apt-get install python3-jwt python3-cryptography)'

/** Answers lines with a time and a header by `claims_of` of the module before it. It moves the clocks that PyJWT reads. */
const LOOP = `
import datetime, json, sys, time
import jwt.api_jwt

class Moved(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(question["at"], tz)

for line in sys.stdin:
    question = json.loads(line)
    jwt.api_jwt.datetime = Moved
    time.monotonic = lambda: question["at"]
    print(json.dumps(claims_of(question["authorization"])), flush=True)
`

type Claims = Record<string, unknown> | null

/** Runs a module that defines `claims_of(authorization)`; the returned function calls it, by this process's clock. */
export function startPython(module: string, environment: Record<string, string>) {
  const child = spawn(interpreter ?? 'python3', ['-c', module + LOOP], { env: environment })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  const waiting: { resolve: (claims: Claims) => void; reject: (error: Error) => void }[] = []
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)))
  const ended = once(child, 'close').then(() => {
    for (const { reject } of waiting) reject(new Error(`Python ended: ${errors}`))
  })
  child.stdin.on('error', () => {}) // it has ended, and says why
  after(async () => {
    child.stdin.end()
    await ended
  })
  return (authorization: string): Promise<Claims> =>
    new Promise((resolve, reject) => {
      if (child.exitCode !== null) return reject(new Error(`Python ended: ${errors}`))
      waiting.push({ resolve, reject })
      child.stdin.write(`${JSON.stringify({ at: Date.now() / 1000, authorization })}\n`)
    })
}
