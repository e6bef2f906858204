import { describeDevice } from './device.ts'
import type { MessageContent } from './message.ts'
import { closing, greeting, serviceName, timeInWords } from './phrases.ts'
import type { Wording } from './render-mail.ts'

/** A session went on from another network: usually the same person on the way, sometimes a copied token. */
export const addressChanged: Wording = ({ data, email, firstName }, locale, sender): MessageContent => {
  const service = serviceName(sender)
  const device = describeDevice(data['user_agent'] ?? null, locale)
  const values = [data['old_ip'], data['new_ip'], timeInWords(data['at'] ?? '', locale), device.words, device.userAgent]
  const labels =
    locale === 'ru'
      ? ['Прежний адрес', 'Новый адрес', 'Время', 'Устройство', 'Программа']
      : ['Previous address', 'New address', 'Time', 'Device', 'User agent']
  const facts = labels.map((label, index) => ({ label, value: values[index] ?? '?' }))
  const frame = { greeting: greeting(firstName, locale), facts, closing: closing(email, sender, locale) }
  if (locale === 'ru') {
    return {
      ...frame,
      subject: `Новый сетевой адрес в вашем сеансе: ${service}`,
      opening: `Ваш сеанс в ${service} продолжен с другого сетевого адреса.`,
      sections: [
        {
          heading: 'Если это вы',
          paragraphs: [
            'Так бывает, когда телефон переходит с Wi-Fi на мобильную сеть, в поездке, при включении или выключении VPN. Делать ничего не нужно.',
          ],
        },
        {
          heading: 'Если это не вы',
          paragraphs: [
            `Выйдите из ${service} на этом устройстве и на других: выход завершает сеанс. Если вы входите с паролем, смените его и сообщите о случившемся в поддержку.`,
          ],
        },
      ],
    }
  }
  return {
    ...frame,
    subject: `New network address in your session at ${service}`,
    opening: `Your session at ${service} went on from another network address.`,
    sections: [
      {
        heading: 'If this was you',
        paragraphs: [
          'It happens when a phone moves from Wi-Fi to mobile data, on a journey, and when a VPN is switched on or off. There is nothing to do.',
        ],
      },
      {
        heading: 'If this was not you',
        paragraphs: [
          `Sign out of ${service} on this device and on your others: that ends the session. If you sign in with a password, change it, and tell those who run ${service}.`,
        ],
      },
    ],
  }
}
