import { Account } from './account.js'

export default function Page() {
  return (
    <main>
      <h1>Welcome</h1>
      <p>This part is for every visitor.</p>
      <Account />
    </main>
  )
}
