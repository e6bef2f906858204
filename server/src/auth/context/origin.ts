/** The actor of an audit event: a client, or the command line (no address). */
export interface Origin {
  ip: string | null
  userAgent: string | null
  /** The name of the service that acts, if it has one. */
  service?: string | null
}

/** The client of a request: its canonical IP address and its user agent. */
export interface Client extends Origin {
  ip: string
}
