import type { Words } from './words.ts'

export const en: Words = {
  languageTag: 'en-GB',
  unknown: 'unknown',
  greeting: (firstName) => (firstName === null ? 'Hello,' : `Hello ${firstName},`),
  closing: (email, service) => `This is an automatic security message about the account ${email} at ${service}.`,
  labels: {
    time: 'Time',
    address: 'Address',
    previousAddress: 'Previous address',
    newAddress: 'New address',
    device: 'Device',
    userAgent: 'User agent',
  },
  mails: {
    address_changed: (service) => ({
      subject: `New network address in your session at ${service}`,
      opening: `Your session at ${service} continued from another network address.`,
      sections: [
        {
          heading: 'If this was you',
          paragraphs: [
            'This happens when a phone moves from Wi-Fi to mobile data, when you travel, and when a VPN is switched on or off. You do not need to do anything.',
          ],
        },
        {
          heading: 'If this was not you',
          paragraphs: [
            `Sign out of ${service} on this device and on your other devices: that ends the session. If you sign in with a password, change it, and contact ${service} support.`,
          ],
        },
      ],
    }),
    refresh_token_reused: (service) => ({
      subject: `Your session at ${service} was ended`,
      opening: `A sign-in key for your session at ${service} that had already been used was used again. To be safe, we ended that session. Your other sessions continue.`,
      sections: [
        {
          heading: 'What may have happened',
          paragraphs: [
            'The cause is usually harmless: an old browser tab woke up, a phone or computer was restored from a backup, or an app lost its connection at a bad moment.',
            'It can also mean that someone copied the key and used your session. That is why we ended it on every device that held a key to it.',
          ],
        },
        {
          heading: 'What to do',
          paragraphs: [
            `Sign in again. If you do not recognise the address or the device, change your password if you sign in with one, and contact ${service} support.`,
          ],
        },
      ],
    }),
  },
}
