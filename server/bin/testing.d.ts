/** A server for the tests of an application. Use it through the package `tessera-test`. */
export interface TestServer {
  url: string
  /** For `Authorization: Bearer`, on every path below `/test/`, and as a service key. */
  adminKey: string
  /** The secret of access tokens, for services that verify them with it. */
  jwtSecretKey: string
  /** The time of the server. */
  now(): Date
  stop(): Promise<void>
}

export interface TestServerOptions {
  /** 127.0.0.1 by default. */
  host?: string
  /** A free one by default. */
  port?: number
  /** Users to begin with, also after each reset: a user or a list, as `POST /test/users` takes them. */
  users?: unknown
  /** Settings of the rules by their names, such as `COOKIE_MODE`. */
  settings?: Readonly<Record<string, string>>
  /** Whether the server keeps the process alive; true by default. */
  keepsAlive?: boolean
}

export function startTestServer(options?: TestServerOptions): Promise<TestServer>
