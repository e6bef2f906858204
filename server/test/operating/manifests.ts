import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

const folder = join(import.meta.dirname, '../../../deploy/kubernetes')

// biome-ignore lint/suspicious/noExplicitAny: manifests have many shapes, which their schemas describe
export type Manifest = any

export const FILES: readonly string[] = globSync('*.yaml', { cwd: folder }).sort()

/** The manifests of deploy/kubernetes, by kind and name. `kubectl` reads YAML 1.1, where 0440 is octal. */
const MANIFESTS: ReadonlyMap<string, Manifest> = new Map(
  FILES.flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { version: '1.1' }))
    .map((document) => document.toJS())
    .map((manifest) => [`${manifest.kind} ${manifest.metadata?.name ?? ''}`.trim(), manifest]),
)

export function manifest(name: string): Manifest {
  const found = MANIFESTS.get(name)
  if (!found) throw new Error(`There is no ${name} in deploy/kubernetes`)
  return found
}

/** The environment of a container, with that of its config maps. A value of a config map may be left out. */
export function environment(container: Manifest): Record<string, string> {
  const shared = (container.envFrom ?? []).map(
    ({ configMapRef }: Manifest) => manifest(`ConfigMap ${configMapRef.name}`).data,
  )
  const own = (container.env ?? []).flatMap(({ name, value, valueFrom }: Manifest) => {
    const { name: map, key } = valueFrom?.configMapKeyRef ?? {}
    const given = map ? manifest(`ConfigMap ${map}`).data[key] : value
    return given === undefined ? [] : [[name, given]]
  })
  return Object.assign({}, ...shared, Object.fromEntries(own))
}
