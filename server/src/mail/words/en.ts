import type { Words } from './words.ts'

export const en: Words = {
  languageTag: 'en-GB',
  unknown: 'unknown',
  greeting: 'Hello,',
  open: (service) => `Open ${service}`,
  closing: (email, service) => `This is an automatic security message about the ${service} account ${email}.`,
  code: 'Your code:',
  goodUntil: (time) => `It works once, until ${time}.`,
  labels: {
    time: 'Time',
    address: 'IP address',
    previousAddress: 'Previous IP address',
    newAddress: 'New IP address',
    device: 'Device',
    newEmail: 'New e-mail address',
  },
  mails: {
    address_changed: (service) => ({
      subject: `New network address in your session at ${service}`,
      opening: `Your session at ${service} is now in use from a different network address.`,
      sections: [
        {
          heading: 'If this was you',
          paragraphs: [
            'This happens when your phone switches from Wi-Fi to mobile data, when you travel, or when you turn a VPN on or off. There is nothing you need to do.',
          ],
        },
        {
          heading: 'If this was not you',
          paragraphs: [
            `Sign out of ${service} on this device and on all your other devices: signing out ends the session. If you sign in with a password, change it. Then contact ${service} support.`,
          ],
        },
      ],
    }),
    refresh_token_reused: (service) => ({
      subject: `Your session at ${service} was ended`,
      opening: `An old sign-in key for your session at ${service} was used again. To be safe, we ended that session. Your other sessions are not affected.`,
      sections: [
        {
          heading: 'What may have happened',
          paragraphs: [
            'Usually the cause is harmless: an old browser tab woke up, a phone or computer was restored from a backup, or an app lost its connection at the wrong moment.',
            'It can also mean that someone copied the key and used your session. That is why we ended the session on every device that was using it.',
          ],
        },
        {
          heading: 'What to do',
          paragraphs: [
            `Sign in again. If you do not recognise the address or the device above, contact ${service} support and, if you sign in with a password, change it.`,
          ],
        },
      ],
    }),
    new_login: (service) => ({
      subject: `New sign-in to ${service}`,
      opening: `Your ${service} account was used to sign in on a device and a network that we have not seen before.`,
      action: 'This was not me',
      sections: [
        { heading: 'If this was you', paragraphs: ['There is nothing you need to do.'] },
        {
          heading: 'If this was not you',
          paragraphs: [
            'Open the link above. It signs that device out, makes the password invalid, and sends you a mail to set a new one.',
          ],
        },
      ],
    }),
    password_changed: (service) => ({
      subject: `Your ${service} password was changed`,
      opening: `The password of your ${service} account was changed. Other devices were signed out.`,
      action: 'This was not me',
      sections: [
        { heading: 'If this was you', paragraphs: ['There is nothing you need to do.'] },
        {
          heading: 'If this was not you',
          paragraphs: [
            'Open the link above. It signs every device out, makes the new password invalid, and sends you a mail to set your own.',
          ],
        },
      ],
    }),
    email_change_requested: (service) => ({
      subject: `A new e-mail address for ${service}`,
      opening: `A change of the e-mail address of your ${service} account was asked for. It happens once the new address is confirmed.`,
      action: 'Stop this change',
      sections: [
        {
          heading: 'If this was you',
          paragraphs: [
            'Confirm the change with the mail that we sent to the new address. If you also type the code above there, the change is final at once; otherwise this mailbox can undo it for seven days.',
          ],
        },
        {
          heading: 'If this was not you',
          paragraphs: [
            'Open the link above. It stops the change and signs the device out that asked for it. Never tell the code to anyone.',
          ],
        },
      ],
    }),
    email_changed: (service) => ({
      subject: `Your e-mail address at ${service} was changed`,
      opening: `Your ${service} account now has another e-mail address. This mailbox gets no more mails about it.`,
      action: 'Undo the change',
      sections: [
        { heading: 'If this was you', paragraphs: ['There is nothing you need to do.'] },
        {
          heading: 'If this was not you',
          paragraphs: [
            `If there is a link above, open it within seven days: it gives the account back to this address, signs every device out, and sends you a mail to set a new password. Otherwise contact ${service} support.`,
          ],
        },
      ],
    }),
    email_undone: (service) => ({
      subject: `The change of an e-mail address at ${service} was undone`,
      opening: `An account at ${service} had this e-mail address for a while. Its owner has taken the account back to the address before.`,
      sections: [
        {
          heading: 'What this means',
          paragraphs: [
            `This address no longer signs in to that account. If you think that is wrong, contact ${service} support.`,
          ],
        },
      ],
    }),
    password_removed: (service) => ({
      subject: `The password of your ${service} account was removed`,
      opening: `You have signed in to ${service} with a code by mail, for the first time. The account had a password from before you proved that this address is yours, so we removed it and signed other devices out.`,
      sections: [
        {
          heading: 'What to do',
          paragraphs: [
            'You can go on signing in with codes. If you want a password, ask for a new one as if you had forgotten it.',
          ],
        },
      ],
    }),
    reset_password: (service) => ({
      subject: `Set a new password for ${service}`,
      opening: `A new password for your ${service} account was asked for. The link lets you choose one.`,
      action: 'Set a new password',
      sections: [
        {
          heading: 'If you did not ask for this',
          paragraphs: ['Do nothing: your password stays as it is until the link is used. Never forward this mail.'],
        },
      ],
    }),
    verify_email: (service) => ({
      subject: `Confirm your e-mail address for ${service}`,
      opening: `Confirm that this address is yours, so that ${service} can use it for your account. Open the link where you are signed in, or type the code there.`,
      action: 'Confirm this address',
      sections: [
        {
          heading: 'If you did not ask for this',
          paragraphs: ['Somewhere this address was entered by mistake. Do nothing, and never tell the code to anyone.'],
        },
      ],
    }),
    confirm_email: (service) => ({
      subject: `Confirm your new e-mail address for ${service}`,
      opening: `A ${service} account is to have this e-mail address. Open the link where you are signed in, or type the code there.`,
      action: 'Confirm this address',
      sections: [
        {
          heading: 'If you did not ask for this',
          paragraphs: ['Somewhere this address was entered by mistake. Do nothing, and never tell the code to anyone.'],
        },
      ],
    }),
    address_taken: (service) => ({
      subject: `You already have an account at ${service}`,
      opening: `This address was entered at ${service} for a new account or for another one. It belongs to your account, so nothing was changed.`,
      sections: [
        {
          heading: 'If this was you',
          paragraphs: ['Sign in with this address. If you have forgotten the password, ask for a new one there.'],
        },
        { heading: 'If this was not you', paragraphs: ['There is nothing you need to do.'] },
      ],
    }),
    login_code: (service) => ({
      subject: `Your sign-in code for ${service}`,
      opening: `A sign-in to your ${service} account was asked for on the device and network below. Type the code where you began.`,
      sections: [
        {
          heading: 'If you did not ask for this',
          paragraphs: [
            'Someone entered your address. Without the code they cannot sign in: never tell it to anyone, not even to support.',
          ],
        },
      ],
    }),
    sign_up_code: (service) => ({
      subject: `Complete your sign-up at ${service}`,
      opening: `An account at ${service} was asked for with this address, on the device and network below. Type the code where you began.`,
      sections: [
        {
          heading: 'If you did not ask for this',
          paragraphs: ['Do nothing: without the code there will be no account. Never tell it to anyone.'],
        },
      ],
    }),
  },
}
