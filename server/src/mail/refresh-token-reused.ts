import { describeDevice } from './device.ts'
import type { MessageContent } from './message.ts'
import { closing, greeting, serviceName, timeInWords } from './phrases.ts'
import type { Wording } from './render-mail.ts'

/** A used token came back and its session was ended: an old tab, a restored phone, or a thief. */
export const refreshTokenReused: Wording = ({ data, email, firstName }, locale, sender): MessageContent => {
  const service = serviceName(sender)
  const device = describeDevice(data['user_agent'] ?? null, locale)
  const values = [timeInWords(data['at'] ?? '', locale), data['ip'], device.words, device.userAgent]
  const labels =
    locale === 'ru' ? ['Время', 'Адрес', 'Устройство', 'Программа'] : ['Time', 'Address', 'Device', 'User agent']
  const facts = labels.map((label, index) => ({ label, value: values[index] ?? '?' }))
  const frame = { greeting: greeting(firstName, locale), facts, closing: closing(email, sender, locale) }
  if (locale === 'ru') {
    return {
      ...frame,
      subject: `Ваш сеанс завершён: ${service}`,
      opening: `Ключ вашего сеанса в ${service}, который уже был использован, предъявили ещё раз. Для безопасности мы завершили этот сеанс; другие ваши сеансы продолжаются.`,
      sections: [
        {
          heading: 'Что могло случиться',
          paragraphs: [
            'Чаще всего причина безобидна: проснулась старая вкладка браузера, телефон или компьютер восстановлен из резервной копии, приложение потеряло связь в неудачный момент.',
            'Но возможно и то, что кто-то скопировал ключ и пользовался вашим сеансом. Поэтому сеанс завершён для всех, у кого был ключ.',
          ],
        },
        {
          heading: 'Что делать',
          paragraphs: [
            `Войдите снова. Если адрес или устройство вам незнакомы, смените пароль, если вы входите с паролем, и сообщите о случившемся в поддержку ${service}.`,
          ],
        },
      ],
    }
  }
  return {
    ...frame,
    subject: `Your session at ${service} was ended`,
    opening: `A key of your session at ${service} that had been used before was presented once more. To be on the safe side we ended that session; your other sessions go on.`,
    sections: [
      {
        heading: 'What may have happened',
        paragraphs: [
          'Most often the cause is harmless: an old browser tab woke up, a phone or computer was restored from a backup, an app lost its connection at a bad moment.',
          'It can also mean that somebody copied the key and used your session. That is why it was ended for everybody who held a key of it.',
        ],
      },
      {
        heading: 'What to do',
        paragraphs: [
          `Sign in again. If you do not know the address or the device, change your password if you sign in with one, and tell those who run ${service}.`,
        ],
      },
    ],
  }
}
