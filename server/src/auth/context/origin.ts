/** Whoever the audit says did something: a client, or, without an address, the command line. */
export interface Origin {
  ip: string | null
  userAgent: string | null
}

/** Where a request came from: the canonical address, and what the client calls itself. */
export interface Client extends Origin {
  ip: string
}
