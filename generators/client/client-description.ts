import { createHash } from 'node:crypto'

/** The calls of `tessera-client`. */
const CALLS: Record<string, string> = {
  '/api/v1/auth/login': 'post',
  '/api/v1/auth/login/verify': 'post',
  '/api/v1/auth/refresh': 'post',
  '/api/v1/auth/logout': 'post',
  '/api/v1/auth/me': 'get',
  '/auth/token': 'post',
  '/auth/refresh': 'post',
}

export interface Description {
  openapi: string
  paths: Record<string, Record<string, { requestBody?: object; responses: Record<string, object> }>>
  components: { schemas: Record<string, object> }
}

/** The part of the API's description that the types of `tessera-client` are made of: bodies, answers and refusals of its calls. */
export function clientDescription({ openapi, paths, components }: Description): string {
  const schemas: Record<string, object> = {}
  const add = (part: object | undefined) => {
    for (const [, name = ''] of JSON.stringify(part ?? {}).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      if (name in schemas) continue
      schemas[name] = components.schemas[name] ?? {}
      add(schemas[name])
    }
  }
  for (const [path, method] of Object.entries(CALLS)) {
    const operation = paths[path]?.[method]
    if (!operation) throw new Error(`The description has no ${method} ${path}, which tessera-client calls`)
    add(operation.requestBody)
    add(operation.responses['200'])
    add(operation.responses['401'])
  }
  return JSON.stringify({
    openapi,
    info: { title: 'tessera-client', version: '1' },
    paths: {},
    components: { schemas },
  })
}

/** The first line of the file of types. It names the description that they were made of. */
export function headingOf(description: string): string {
  const digest = createHash('sha256').update(description).digest('hex').slice(0, 16)
  return `// Made by \`npm run client-types\` of the API's description ${digest}.\n`
}
