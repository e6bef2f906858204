import { join } from 'node:path'
import { GENERATED, runTool } from './run-tool.ts'

type Generator = (description: string, output: string) => Promise<void>

/** Generator -> how it makes a client, with its defaults wherever possible. */
const GENERATORS: Record<string, Generator> = {
  'openapi-typescript': (description, output) =>
    runTool('openapi-typescript', [description, '-o', join(output, 'api.ts')]),
  'hey-api': (description, output) =>
    runTool('openapi-ts', ['-i', description, '-o', output, '-c', '@hey-api/client-fetch', '--no-log-file']),
  'swagger-typescript-api': (description, output) =>
    runTool('swagger-typescript-api', ['generate', '-p', description, '-o', output, '-n', 'api.ts']),
  orval: (description, output) =>
    runTool('orval', ['--config', 'tools/orval.config.ts'], {
      environment: { DESCRIPTION: description, OUTPUT: output },
    }),
  kubb: (description, output) =>
    runTool('kubb', ['generate', '-c', 'tools/kubb.config.ts'], {
      environment: { DESCRIPTION: description, OUTPUT: output },
    }),
}

/** Makes a client of each description with each generator. */
export async function generateClients(descriptions: readonly string[]): Promise<void> {
  for (const description of descriptions) {
    const file = join(GENERATED, `${description}.json`)
    const folder = join(GENERATED, description)
    await Promise.all(Object.entries(GENERATORS).map(([name, generate]) => generate(file, join(folder, name))))
  }
}
