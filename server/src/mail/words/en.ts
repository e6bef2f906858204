import type { Words } from './words.ts'

export const en: Words = {
  languageTag: 'en-GB',
  unknown: 'unknown',
  greeting: 'Hello,',
  closing: (email, service) => `This is an automatic security message about the ${service} account ${email}.`,
  labels: {
    time: 'Time',
    address: 'Address',
    previousAddress: 'Previous address',
    newAddress: 'New address',
    device: 'Device',
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
  },
}
