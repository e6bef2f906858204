import { dictionary } from '@zxcvbn-ts/language-common'
import leaked from 'fxa-common-password-list'
import { fold } from '../../text/fold.ts'

/** 17,950 of at least eight characters, out of lists of leaked passwords. */
const COMMON: ReadonlySet<string> = new Set(
  dictionary['passwords-common'].map(String).filter(({ length }) => length >= 8),
)

/** Passwords of our examples, and frequent ones that the lists lack, in lower case. */
const FREQUENT: ReadonlySet<string> = new Set(
  `password password1 password12 password123 password1234 password12345 password! password1! passw0rd p@ssw0rd p@ssword
  pa55word passwort motdepasse contraseña 12345678 123456789 1234567890 12345678910 123456789a 0123456789 0987654321
  9876543210 987654321 87654321 11111111 111111111 1111111111 00000000 0000000000 22222222 33333333 55555555 66666666
  77777777 88888888 99999999 12341234 12344321 11223344 1122334455 112233445566 12121212 123123123 123321123 147258369
  147852369 159357456 741852963 789456123 963852741 99887766 10203040 13131313 31415926 20202020 qwertyui qwertyuiop
  qwerty12 qwerty123 qwerty1234 qwerty12345 qwertyu1 1qaz2wsx 1qaz2wsx3edc 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4
  q1w2e3r4t5 qazwsxedc qazwsx123 zaq12wsx zaq1zaq1 zxcvbnm1 zxcvbnm123 asdfghjk asdfghjkl asdf1234 asdfasdf abcd1234
  abc12345 abc123456 abcdefgh abcdefg1 a1b2c3d4 a1234567 a12345678 aa123456 aa12345678 aaaaaaaa q1234567 iloveyou
  iloveyou1 iloveyou2 sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball superman
  superman1 batman123 spiderman starwars startrek trustno1 letmein1 letmein123 welcome1 welcome12 welcome123 welcome1!
  administrator admin123 admin1234 admin12345 administrator1 changeme changeme1 changeme123 default1 computer computer1
  internet internet1 michelle michelle1 jennifer jennifer1 jessica1 danielle samantha christian elizabeth alexander
  alexandra stephanie veronica victoria nicholas benjamin jonathan christopher patricia chocolate butterfly dolphins
  liverpool chelsea1 arsenal1 barcelona manchester juventus1 cowboys1 steelers yankees1 mustang1 corvette mercedes
  ferrari1 porsche1 maverick midnight mountain scorpion scooter1 shadow12 sparky123 snickers swordfish thunder1 whatever
  whatever1 blink182 charlie1 freedom1 garfield godzilla hello123 hello1234 helloworld hunter123 killer123 lovelove
  master123 matthew1 metallica michael1 minecraft monkey12 monkey123 password2 password3 pokemon1 pokemon123 rockstar1
  rangers1 redskins samsung1 samsung123 secret123 security slipknot snowball softball test1234 testtest testing123
  tinkerbell user1234 welcome2 winter2024 winter2025 summer2024 summer2025 spring2025 autumn2025 summer2026 winter2026
  google123 facebook1 football123 dragon123 dragon12 monkey1234 nothing1 access14 access123 computer123 qwertyqwerty
  passpass pass1234 pass12345 passw0rd1 p@ssw0rd1 p@ssw0rd123 p@$$w0rd abcd12345 1234abcd 1234qwer 123qweasd
  123qweasdzxc qweasdzxc qweasd123 qwer1234 asd12345 zxc12345 iloveyou123 loveyou1 ilovegod babygirl babygirl1 angel123
  ashley123 jordan23 michael123 letmein! lol12345 matrix123 natasha1 vladimir1 anthony1 realmadrid internet123`
    .split(/\s+/)
    .filter(Boolean),
)

/** The keys of a Russian keyboard and those of an English one, in the same places. */
const RUSSIAN_KEYS = 'ёйцукенгшщзхъфывапролджэячсмитьбю'
const ENGLISH_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,."

/**
 * Whether a password is one of some 67,000 that head lists of leaked ones, whatever its case. A password in Russian letters
 * is also looked up as the keys that it is typed with: lists of leaked passwords have both.
 */
export function isCommonPassword(password: string): boolean {
  const folded = fold(password)
  const typed = [...folded].map((letter) => ENGLISH_KEYS[RUSSIAN_KEYS.indexOf(letter)] ?? letter).join('')
  // Signs at the ends make no password of a common one.
  const bare = folded.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
  return [folded, typed, bare].some((text) => FREQUENT.has(text) || COMMON.has(text) || leaked.test(text))
}
