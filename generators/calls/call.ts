export interface Demo {
  url: string
  email: string
  password: string
}

/** Logs in, refreshes, reads the user, logs out, with a generated client. Returns the address of the user. */
export type Call = (demo: Demo) => Promise<string | undefined>
