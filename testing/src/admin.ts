interface Answer<Body> {
  body: Body
  headers: Headers
}

/** Calls a path below `/test/`. */
export type Admin = <Body>(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<Answer<Body>>

/** Returns a function that calls the paths of test mode, and throws what the server says about a wrong call. */
export function createAdmin(url: string, adminKey: string): Admin {
  return async <Body>(method: 'GET' | 'POST', path: string, body?: unknown) => {
    const response = await fetch(`${url}/test/${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }),
    })
    const text = await response.text()
    const answer = text === '' ? null : JSON.parse(text)
    if (!response.ok) throw new Error(`Tessera refused ${method} /test/${path}: ${sentence(answer, response.status)}`)
    return { body: answer as Body, headers: response.headers }
  }
}

function sentence(answer: { error?: { message?: string; details?: object } } | null, status: number): string {
  const { message = `status ${status}`, details = {} } = answer?.error ?? {}
  const fields = Object.entries(details).flatMap(([name, value]) =>
    Array.isArray(value) ? [`${name} ${value.join(', ')}`] : [],
  )
  return fields.length > 0 ? fields.join('; ') : message
}
