const PASSWORD = 'correct horse'
const LOGIN = '/api/v1/auth/login'
const SIGN_UP = '/api/v1/users/sign_up'
const NETWORKS = 2000
const OWN_ACCOUNTS = 10

const ATTACKER_ADDRESS = '198.51.100.66'
const HOME = '203.0.113.7'

/** A user with the right password, who signs in while an attack goes on. */
export interface Victim {
  email: string
  address: string
  /** Whether the victim has signed in before, and sends the device token of that login. */
  hasDevice: boolean
  /** Whether every login should succeed in time: Tessera cannot tell an unknown device in an unknown network from an attacker. */
  hasTarget: boolean
}

export interface AttackRequest {
  path: string
  body: object
  /** The address that the request seems to come from. */
  address: string
}

export interface Attack {
  name: string
  victims: Victim[]
  /** The attacker's own accounts, which have the password of all users. */
  ownEmails: string[]
  /** Builds the request of a number, which ascends over all connections. */
  request(number: number): AttackRequest
}

const stranger: Victim = { email: 'ann@example.com', address: HOME, hasDevice: false, hasTarget: true }
const known: Victim = { ...stranger, hasDevice: true }
/** Another victim, who differs in having no device token. */
const unknown: Victim = { email: 'bob@example.com', address: '203.0.113.8', hasDevice: false, hasTarget: false }

const ownEmail = (index: number) => `own-${index}@example.com`
const unknownEmail = (number: number) => `unknown-${number}@example.com`

/** Returns an address in one of 2,000 networks, each a /64 in a /48 of its own. */
const addressOf = (number: number) => `2001:db8:${(1 + (number % NETWORKS)).toString(16)}::1`

const failedLogin = (email: string, address: string) => ({
  path: LOGIN,
  body: { email, password: 'wrong horse' },
  address,
})

export const attacks: readonly Attack[] = [
  {
    name: 'right passwords of ten accounts, one address',
    victims: [stranger],
    ownEmails: Array.from({ length: OWN_ACCOUNTS }, (_, index) => ownEmail(index)),
    request: (number) => ({
      path: LOGIN,
      body: { email: ownEmail(number % OWN_ACCOUNTS), password: PASSWORD },
      address: ATTACKER_ADDRESS,
    }),
  },
  {
    name: 'wrong passwords at unknown accounts, one address',
    victims: [stranger],
    ownEmails: [],
    request: (number) => failedLogin(unknownEmail(number), ATTACKER_ADDRESS),
  },
  {
    name: "wrong passwords at the victim's account, 2,000 networks",
    victims: [known],
    ownEmails: [],
    request: (number) => failedLogin(known.email, addressOf(number)),
  },
  {
    name: 'wrong passwords at unknown accounts, 2,000 networks',
    victims: [known, unknown],
    ownEmails: [],
    request: (number) => failedLogin(unknownEmail(number), addressOf(number)),
  },
  {
    name: 'sign-ups, one address',
    victims: [stranger],
    ownEmails: [],
    request: (number) => ({
      path: SIGN_UP,
      body: { user: { email: `new-${number}@example.com`, password: PASSWORD } },
      address: ATTACKER_ADDRESS,
    }),
  },
  {
    name: "wrong passwords at unknown accounts, the victim's address",
    victims: [known],
    ownEmails: [],
    request: (number) => failedLogin(unknownEmail(number), HOME),
  },
]
