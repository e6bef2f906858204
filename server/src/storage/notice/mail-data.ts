/**
 * The data from which the message of each kind of mail is worded. A mail is stored as kind and data and worded when it is
 * sent, so the fields of a kind must stay readable for as long as a mail may wait.
 */
export interface MailData {
  /** A used refresh token was presented again, and its session was ended. */
  refresh_token_reused: { session_id: string; ip: string | null; user_agent: string | null; at: string }
  /** A session was refreshed from another network than before. */
  address_changed: {
    session_id: string
    network: string
    old_ip: string
    new_ip: string
    user_agent: string | null
    at: string
  }
}

export type MailKind = keyof MailData
