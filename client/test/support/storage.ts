import type { SessionStorage } from '../../src/client.ts'

/** A keychain of a phone: slow, and its items outlive the program. */
export class Keychain implements SessionStorage {
  readonly items: Map<string, string>
  /** Whether writing fails, as with a full disk. */
  isFull = false

  /** @param items those of another one, as a program finds that was started again */
  constructor({ items }: { items: Map<string, string> } = { items: new Map() }) {
    this.items = items
  }

  async getItem(key: string): Promise<string | null> {
    return this.items.get(key) ?? null
  }

  async setItem(key: string, value: string): Promise<void> {
    if (this.isFull) throw new Error('The disk is full')
    this.items.set(key, value)
  }

  async removeItem(key: string): Promise<void> {
    this.items.delete(key)
  }

  /** Reads the stored session. */
  // biome-ignore lint/suspicious/noExplicitAny: the form of the record is the client's
  stored(): any {
    return JSON.parse([...this.items.values()][0] ?? 'null')
  }
}
