import type { MailData, MailKind } from '../../storage/notice/mail-data.ts'
import { describeDevice } from '../../text/device.ts'
import type { FactName, Words } from '../words/words.ts'
import { formatTime } from './phrases.ts'

/** The facts of a mail, in the order in which it shows them. Null: unknown. */
export type Facts = Partial<Record<FactName, string | null>>

/** Data from the outbox: an older version may have written fewer fields. */
type Stored<Data> = { [Field in keyof Data]?: Data[Field] | null }

/** When, from where, and on which device something was done: the facts of most mails. */
function scene(data: Stored<MailData['reset_password']>, words: Words): Facts {
  return {
    time: formatTime(data.at, words),
    address: data.ip ?? null,
    device: describeDevice(data.user_agent ?? null),
  }
}

/** A scene, and the address that an account moves to. */
function sceneOfMove(data: Stored<MailData['email_changed']>, words: Words): Facts {
  return { newEmail: data.new_address ?? null, ...scene(data, words) }
}

/**
 * The facts that each kind of mail shows.
 *
 * @throws {RangeError} for data without a time
 */
export const MAIL_FACTS: { [Kind in MailKind]: (data: Stored<MailData[Kind]>, words: Words) => Facts } = {
  address_changed: (data, words) => ({
    previousAddress: data.old_ip ?? null,
    newAddress: data.new_ip ?? null,
    time: formatTime(data.at, words),
    device: describeDevice(data.user_agent ?? null),
  }),
  refresh_token_reused: scene,
  new_login: scene,
  password_changed: scene,
  email_change_requested: sceneOfMove,
  email_changed: sceneOfMove,
  email_undone: scene,
  password_removed: scene,
  reset_password: scene,
  verify_email: scene,
  confirm_email: scene,
  address_taken: scene,
  login_code: scene,
  sign_up_code: scene,
}
