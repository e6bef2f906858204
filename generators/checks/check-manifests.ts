import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { GENERATED } from './run-tool.ts'

const FOLDER = join(import.meta.dirname, '../../deploy/kubernetes')

interface Model {
  apiVersion: string
  new (manifest: object): { validate(): void }
}

/**
 * Validates each manifest of deploy/kubernetes by the schema of its kind. The schemas let unknown fields pass, so the
 * manifests are also written as typed literals, in which the strict compiler refuses them.
 */
export async function checkManifests(): Promise<void> {
  const literals: string[] = []
  for (const file of globSync('*.yaml', { cwd: FOLDER }).sort()) {
    // kubectl reads YAML 1.1, where 0440 is octal.
    for (const document of parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'), { version: '1.1' })) {
      const manifest = document.toJS()
      const { apiVersion, kind } = manifest
      if (kind === 'Kustomization') continue // no object of a cluster
      const module = `kubernetes-models/${apiVersion}/${kind}`
      const schemas: Record<string, Model> = await import(module)
      validate(schemas[kind], manifest, file)
      literals.push(`${JSON.stringify(manifest, null, 2)} satisfies import('${module}').I${kind},\n`)
    }
  }
  writeFileSync(join(GENERATED, 'manifests.ts'), `export const manifests = [\n${literals.join('')}]\n`)
}

function validate(Schema: Model | undefined, manifest: object, file: string): void {
  if (!Schema) throw new Error(`${file}: its kind has no schema`)
  try {
    new Schema(manifest).validate()
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`)
  }
}
