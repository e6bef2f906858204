import { type Calls, createCalls } from './calls.ts'

/** Calls a server that `tessera test` has started, by the line that it printed. */
export async function connectTessera({ url, admin_key }: { url: string; admin_key: string }): Promise<Calls> {
  let shiftMilliseconds = 0
  const calls = createCalls({
    url,
    adminKey: admin_key,
    now: () => new Date(Date.now() + shiftMilliseconds),
    onNow: (now) => {
      shiftMilliseconds = now.getTime() - Date.now()
    },
  })
  await calls.clock()
  return calls
}
