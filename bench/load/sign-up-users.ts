import { KeptConnection } from './kept-connection.ts'

export async function signUpUsers(url: string, emails: readonly string[], password = 'correct horse') {
  const connection = new KeptConnection(url)
  for (const email of emails) {
    const body = { user: { email, password } }
    const { status, body: answer } = await connection.ask('/api/v1/users/sign_up', { body })
    if (status !== 200) throw new Error(`A sign-up was answered ${status}: ${answer}`)
  }
}
