import { readFileSync } from 'node:fs'

export const FRAMEWORKS = ['next', 'sveltekit', 'fastify', 'hono', 'express', 'vite-react', 'plain'] as const

export type Framework = (typeof FRAMEWORKS)[number]

/** The packages that tell a framework; those that are built on others come first. */
const PACKAGES: readonly [Framework, readonly string[]][] = [
  ['next', ['next']],
  ['sveltekit', ['@sveltejs/kit']],
  ['fastify', ['fastify']],
  ['hono', ['hono']],
  ['express', ['express']],
  ['vite-react', ['vite', 'react']],
]

/** Finds the framework in the package.json of this folder; `plain` if there is none that is known. */
export function findFramework(): Framework {
  const installed = readDependencies()
  return PACKAGES.find(([, names]) => names.every((name) => installed.has(name)))?.[0] ?? 'plain'
}

function readDependencies(): ReadonlySet<string> {
  try {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    return new Set(Object.keys({ ...dependencies, ...devDependencies }))
  } catch {
    return new Set() // no package.json, or none that npm could read
  }
}
