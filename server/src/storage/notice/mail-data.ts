/** When and from where something was done. The user agent is shown as the name of a device, never as it is. */
interface Scene {
  ip: string | null
  user_agent: string | null
  at: string
}

/**
 * The data from which the message of each kind of mail is worded. A mail is stored as kind and data and worded when it is
 * sent, so the fields of a kind must stay readable for as long as a mail may wait. A link or a code in it is derived when
 * it is worded, and is never part of the data.
 */
export interface MailData {
  /** A used refresh token was presented again, and its session was ended. */
  refresh_token_reused: Scene & { session_id: string }
  /** A session was refreshed from another network than before. */
  address_changed: {
    session_id: string
    network: string
    old_ip: string
    new_ip: string
    user_agent: string | null
    at: string
  }
  /** A login from a device and a network that the user has not signed in from. Its link disowns it. */
  new_login: Scene & { session_id: string }
  /** The password was changed or reset. Its link disowns that. */
  password_changed: Scene
  /** To the address that the user has: another one was asked for. Its link disowns that; its code makes the change final. */
  email_change_requested: Scene & { new_address: string }
  /** To the address that the user had. Its link takes it back; a final change has none. */
  email_changed: Scene & { new_address: string }
  /** To the address that the user had until the change to it was undone. */
  email_undone: Scene
  /** A login by code took a password away that a stranger may have set. */
  password_removed: Scene
  /** The link sets a new password. */
  reset_password: Scene
  /** The link and the code prove the address of a user. */
  verify_email: Scene
  /** To a new address: the link and the code prove it. */
  confirm_email: Scene
  /** A sign-up or a change asked for an address that has an account. */
  address_taken: Scene
  /** The code signs in. */
  login_code: Scene
  /** The code completes a sign-up. */
  sign_up_code: Scene
}

export type MailKind = keyof MailData
