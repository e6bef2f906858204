import type { Locale } from '../../text/locale.ts'

/** The pages that mails link to. */
export type LinkPageName = 'reset' | 'verify' | 'confirm' | 'undo' | 'not_me'

/** The sentences of one page. */
export interface LinkPageWords {
  title: string
  intro: string
  button: string
  done: string
  /** The link is not good. */
  refused: string
  /** Where this browser cannot finish it; null for a page that works in every browser. */
  elsewhere: string | null
}

/** The refusals of a password, by the beginnings of the server's sentences. */
type PasswordWords = Record<
  "can't be blank" | 'is invalid' | 'is too short' | 'is too long' | 'is too similar' | 'is too common',
  string
>

/** The sentences that pages share. */
export interface CommonWords {
  noScript: string
  link: string
  password: string
  passwordHint: string
  showPassword: string
  number: (digits: string) => string
  numberHint: string
  otherNumber: string
  noLink: string
  taken: string
  passwords: PasswordWords
  failed: string
  limited: string
  open: (service: string) => string
}

export const COMMON_WORDS: Record<Locale, CommonWords> = {
  en: {
    noScript: 'This page needs JavaScript. Turn it on, or open the link in another browser.',
    link: 'Paste the link from the mail here',
    password: 'New password',
    passwordHint: 'At least 8 characters. A few random words are easy to remember and hard to guess.',
    showPassword: 'Show the password',
    number: (digits) => `To continue, type ${digits}`,
    numberHint: 'This keeps programs that open every link from doing it.',
    otherNumber: 'Type the three digits that stand above the field.',
    noLink: 'That is not the link from the mail. Copy the whole link and paste it here.',
    taken: 'Another account has this address by now.',
    passwords: {
      "can't be blank": 'Type a new password.',
      'is invalid': 'This password has characters that cannot be used.',
      'is too short': 'This password is too short: it needs at least 8 characters.',
      'is too long': 'This password is too long.',
      'is too similar': 'This password is too similar to your address or name.',
      'is too common': 'Too many use this password. Choose one that is harder to guess.',
    },
    failed: 'That did not work. Check your connection and try again in a minute.',
    limited: 'Too many attempts. Try again in a few minutes.',
    open: (service) => `Go to ${service}`,
  },
  ru: {
    noScript: 'Для этой страницы нужен JavaScript. Включите его или откройте ссылку в другом браузере.',
    link: 'Вставьте сюда ссылку из письма',
    password: 'Новый пароль',
    passwordHint: 'Не короче 8 символов. Несколько случайных слов легко запомнить и трудно угадать.',
    showPassword: 'Показать пароль',
    number: (digits) => `Чтобы продолжить, введите ${digits}`,
    numberHint: 'Так программы, которые открывают все ссылки подряд, ничего не сделают.',
    otherNumber: 'Введите три цифры, которые указаны над полем.',
    noLink: 'Это не ссылка из письма. Скопируйте ссылку целиком и вставьте её сюда.',
    taken: 'Этот адрес уже у другой учётной записи.',
    passwords: {
      "can't be blank": 'Введите новый пароль.',
      'is invalid': 'В этом пароле есть недопустимые символы.',
      'is too short': 'Пароль слишком короткий: нужно не меньше 8 символов.',
      'is too long': 'Пароль слишком длинный.',
      'is too similar': 'Пароль слишком похож на ваш адрес или имя.',
      'is too common': 'Этот пароль слишком распространён. Выберите такой, который труднее угадать.',
    },
    failed: 'Не получилось. Проверьте соединение и попробуйте ещё раз через минуту.',
    limited: 'Слишком много попыток. Попробуйте через несколько минут.',
    open: (service) => `Перейти: ${service}`,
  },
}

/** The sentences of each page in each language. The name of the service is part of the frame. */
export const LINK_PAGE_WORDS: Record<Locale, Record<LinkPageName, LinkPageWords>> = {
  en: {
    reset: {
      title: 'Set a new password',
      intro: 'Choose a new password for your account. All your devices are then signed out.',
      button: 'Set the password',
      done: 'Your new password is set. Sign in with it now.',
      refused: 'This link is not good any more: it was used, or it has expired. Ask for a new mail where you sign in.',
      elsewhere: null,
    },
    verify: {
      title: 'Confirm your e-mail address',
      intro: 'Confirm that this address is yours.',
      button: 'Confirm',
      done: 'Your address is confirmed.',
      refused:
        'This link is not good here: it was used, or it has expired, or you are signed in to another account in this browser. Type the code from the mail where you began, or ask for a new mail there.',
      elsewhere: 'You are not signed in in this browser. Type the code from the mail where you began.',
    },
    confirm: {
      title: 'Confirm your new e-mail address',
      intro: 'Confirm that your account is to have this address.',
      button: 'Confirm',
      done: 'Your account has its new address.',
      refused:
        'This link is not good here: it was used, or it has expired, or you are signed in to another account in this browser. Type the code from the mail where you began, or ask for a new mail there.',
      elsewhere: 'You are not signed in in this browser. Type the code from the mail where you began.',
    },
    undo: {
      title: 'Undo the change of address',
      intro:
        'Your account gets its former e-mail address back. All devices are signed out, the password becomes invalid, and a mail to this address lets you set a new one.',
      button: 'Undo the change',
      done: 'Your account is yours again. Set a new password with the mail that we have just sent you.',
      refused: 'This link is not good any more: it was used, or its seven days are over.',
      elsewhere: null,
    },
    not_me: {
      title: 'This was not me',
      intro:
        'We sign out the device that the mail tells of, make a password invalid that it knew, and send you a mail to set a new one.',
      button: 'This was not me',
      done: 'Thank you. If the link was good, your account is safe now: set a new password with the mail that we have just sent you.',
      refused: 'This link is not good.',
      elsewhere: null,
    },
  },
  ru: {
    reset: {
      title: 'Задайте новый пароль',
      intro: 'Выберите новый пароль для вашей учётной записи. Вход на всех ваших устройствах завершится.',
      button: 'Задать пароль',
      done: 'Новый пароль задан. Теперь войдите с ним.',
      refused:
        'Ссылка больше не действует: ею уже воспользовались, или срок истёк. Запросите новое письмо там, где входите.',
      elsewhere: null,
    },
    verify: {
      title: 'Подтвердите адрес почты',
      intro: 'Подтвердите, что этот адрес ваш.',
      button: 'Подтвердить',
      done: 'Адрес подтверждён.',
      refused:
        'Здесь ссылка не действует: ею уже воспользовались, срок истёк, или в этом браузере вы вошли в другую учётную запись. Введите код из письма там, где начали, или запросите там новое письмо.',
      elsewhere: 'В этом браузере вы не вошли. Введите код из письма там, где начали.',
    },
    confirm: {
      title: 'Подтвердите новый адрес почты',
      intro: 'Подтвердите, что у вашей учётной записи будет этот адрес.',
      button: 'Подтвердить',
      done: 'У вашей учётной записи новый адрес.',
      refused:
        'Здесь ссылка не действует: ею уже воспользовались, срок истёк, или в этом браузере вы вошли в другую учётную запись. Введите код из письма там, где начали, или запросите там новое письмо.',
      elsewhere: 'В этом браузере вы не вошли. Введите код из письма там, где начали.',
    },
    undo: {
      title: 'Отменить смену адреса',
      intro:
        'К вашей учётной записи вернётся прежний адрес почты. Вход на всех устройствах завершится, пароль перестанет действовать, а письмо на этот адрес позволит задать новый.',
      button: 'Отменить смену',
      done: 'Учётная запись снова ваша. Задайте новый пароль по письму, которое мы только что отправили.',
      refused: 'Ссылка больше не действует: ею уже воспользовались, или её семь дней прошли.',
      elsewhere: null,
    },
    not_me: {
      title: 'Это не я',
      intro:
        'Мы завершим вход на устройстве из письма, отменим пароль, который был на нём известен, и отправим вам письмо, чтобы задать новый.',
      button: 'Это не я',
      done: 'Спасибо. Если ссылка действовала, учётная запись теперь в безопасности: задайте новый пароль по письму, которое мы только что отправили.',
      refused: 'Ссылка не действует.',
      elsewhere: null,
    },
  },
}
