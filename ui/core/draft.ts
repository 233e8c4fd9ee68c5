// Drafts of forms: whatever was typed and not yet acknowledged survives a lost
// line, a closed browser and a power cut, and lies on the disk only as
// ciphertext. The key comes from the server with the session and lives in
// memory alone: keeping a CryptoKey in IndexedDB would put its raw bytes on
// the disk, even a non-extractable one. Account and form are bound in, so a
// draft cannot be opened under another name.

import { openDB, type IDBPDatabase } from 'idb'
import { fromBase64 } from './bytes'

/** What a form had when it was last touched. */
export interface Draft {
  values: unknown
  /** The version of the record it was based on, if any. */
  base?: string | number
  /** The action it may already have been sent under, so that sending it after a crash is the same action. */
  key?: string
  at: number
}

/** What lies on the disk. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>
  text: ArrayBuffer
  at: number
}

/** Where drafts lie. */
export interface Shelf {
  get(name: string): Promise<Sealed | undefined>
  put(name: string, sealed: Sealed): Promise<void>
  remove(name: string): Promise<void>
  /** Removes what is older than a moment. */
  sweep(before: number): Promise<void>
}

const keptFor = 30 * 24 * 3600 * 1000

/** Drafts of one account. */
export class Drafts {
  private constructor(
    private readonly account: string,
    private readonly key: CryptoKey,
    private readonly shelf: Shelf,
  ) {}

  static async open(account: string, key: string, shelf: Shelf = diskShelf, now = Date.now()): Promise<Drafts> {
    const bytes = fromBase64(key)
    const cryptoKey = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
    bytes.fill(0)
    await shelf.sweep(now - keptFor)
    return new Drafts(account, cryptoKey, shelf)
  }

  async read(form: string): Promise<Draft | undefined> {
    const name = this.name(form)
    const sealed = await this.shelf.get(name)
    if (!sealed) return undefined
    try {
      const clear = await crypto.subtle.decrypt(this.cipher(name, sealed.iv), this.key, sealed.text)
      const draft: Draft = JSON.parse(new TextDecoder().decode(clear))
      return draft
    } catch {
      // Another key has taken over (a reset password, a restored server): no
      // one can open it any more.
      await this.shelf.remove(name)
      return undefined
    }
  }

  async write(form: string, draft: Draft): Promise<void> {
    const name = this.name(form)
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const clear = new TextEncoder().encode(JSON.stringify(draft))
    const text = await crypto.subtle.encrypt(this.cipher(name, iv), this.key, clear)
    await this.shelf.put(name, { iv, text, at: draft.at })
  }

  remove(form: string): Promise<void> {
    return this.shelf.remove(this.name(form))
  }

  private name(form: string): string {
    return `${this.account}/${form}`
  }

  private cipher(name: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
    return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(name) }
  }
}

let database: Promise<IDBPDatabase> | undefined

function disk(): Promise<IDBPDatabase> {
  database ??= openDB('console-v1', 1, {
    upgrade(db) {
      db.createObjectStore('drafts').createIndex('at', 'at')
    },
    blocking(_current, _blocked, event) {
      if (event.target instanceof IDBDatabase) event.target.close()
      database = undefined
    },
  })
  database.catch(() => (database = undefined))
  return database
}

// Strict: the write is on the disk, not in the system's cache, before it counts.
const strict: IDBTransactionOptions = { durability: 'strict' }

const diskShelf: Shelf = {
  async get(name) {
    const found: Sealed | undefined = await (await disk()).get('drafts', name)
    return found
  },
  async put(name, sealed) {
    const tx = (await disk()).transaction('drafts', 'readwrite', strict)
    await Promise.all([tx.store.put(sealed, name), tx.done])
  },
  async remove(name) {
    const tx = (await disk()).transaction('drafts', 'readwrite', strict)
    await Promise.all([tx.store.delete(name), tx.done])
  },
  async sweep(before) {
    const tx = (await disk()).transaction('drafts', 'readwrite')
    for (const name of await tx.store.index('at').getAllKeys(IDBKeyRange.upperBound(before))) {
      await tx.store.delete(name)
    }
    await tx.done
  },
}
