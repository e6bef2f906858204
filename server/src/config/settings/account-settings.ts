import { optional, type Setting, withDefault } from './setting.ts'
import { mailSender, onOrOff, pageUrl, shortText, smtpServer, url } from './setting-values.ts'

/** The settings of accounts and of the mails about them: part of `SETTINGS`. */
export const ACCOUNT_SETTINGS = {
  requireVerifiedEmail: withDefault({
    name: 'REQUIRE_VERIFIED_EMAIL',
    group: 'accounts',
    default: 'off',
    read: onOrOff,
    describe: '`on` refuses a login until the address is proven',
  }),
  hideAccountExistence: withDefault({
    name: 'HIDE_ACCOUNT_EXISTENCE',
    group: 'accounts',
    default: 'off',
    read: onOrOff,
    describe: '`on` answers every sign-up alike',
  }),
  emailLogin: withDefault({
    name: 'EMAIL_LOGIN',
    group: 'accounts',
    default: 'off',
    read: onOrOff,
    describe: '`on` lets users sign in with a code by mail',
  }),
  emailSignUp: withDefault({
    name: 'EMAIL_SIGN_UP',
    group: 'accounts',
    default: 'off',
    read: onOrOff,
    describe: '`on` lets such a code sign up an address without an account',
  }),
  loginAlerts: withDefault({
    name: 'LOGIN_ALERTS',
    group: 'accounts',
    default: 'on',
    read: onOrOff,
    describe: 'mails users about a login from a device and a network of which neither is known',
  }),
  smtpUrl: optional({
    name: 'SMTP_URL',
    group: 'mail',
    secret: true,
    read: smtpServer,
    describe: '`smtp://user:password@host:587` or `smtps://…:465`',
  }),
  mailFrom: optional({
    name: 'MAIL_FROM',
    group: 'mail',
    defaultInWords: 'none; needed with `SMTP_URL`',
    read: mailSender,
    describe: 'sender of mails',
  }),
  publicUrl: optional({
    name: 'PUBLIC_URL',
    group: 'mail',
    read: url(['http:', 'https:']),
    describe: 'address where browsers reach this server',
  }),
  appName: optional({
    name: 'APP_NAME',
    group: 'mail',
    defaultInWords: 'the name in `MAIL_FROM`',
    read: shortText,
    describe: 'name of your service in mails and on the pages that they link to',
  }),
  appUrl: optional({
    name: 'APP_URL',
    group: 'mail',
    read: url(['http:', 'https:']),
    describe: 'address of your app for its users',
  }),
  passwordResetUrl: optional({
    name: 'PASSWORD_RESET_URL',
    group: 'mail',
    defaultInWords: 'the page of this server',
    read: pageUrl,
    describe: 'page of yours that sets a new password',
  }),
  emailVerificationUrl: optional({
    name: 'EMAIL_VERIFICATION_URL',
    group: 'mail',
    defaultInWords: 'the page of this server',
    read: pageUrl,
    describe: 'page of yours that proves an address',
  }),
  emailConfirmationUrl: optional({
    name: 'EMAIL_CONFIRMATION_URL',
    group: 'mail',
    defaultInWords: 'the page of this server',
    read: pageUrl,
    describe: 'page of yours that confirms a new address',
  }),
  emailUndoUrl: optional({
    name: 'EMAIL_UNDO_URL',
    group: 'mail',
    defaultInWords: 'the page of this server',
    read: pageUrl,
    describe: 'page of yours that undoes a change of address',
  }),
  notMeUrl: optional({
    name: 'NOT_ME_URL',
    group: 'mail',
    defaultInWords: 'the page of this server',
    read: pageUrl,
    describe: 'page of yours for "this was not me"',
  }),
} satisfies Record<string, Setting<unknown>>
