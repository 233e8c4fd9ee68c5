import { ref } from 'vue'
import type { RouteLocationRaw } from 'vue-router'

/** One thing found by a search box. */
export interface Hit {
  id: string
  title: string
  note?: string
  to: RouteLocationRaw
}

/** One unread notice. */
export interface Notice {
  id: string
  text: string
  at: string
  to: RouteLocationRaw
}

/** What the frame shows but does not know how to get; main.ts plugs it in, and what is absent is not drawn. */
export interface Sources {
  find?(q: string, signal: AbortSignal): Promise<Hit[]>
  /** The action one must have for finding to be offered. */
  findNeeds?: string
  notices?(): Promise<{ unread: number; items: Notice[] }>
  /** Marks all notices up to a moment as read. */
  readNotices?(until: string): Promise<void>
}

export const sources: Sources = {}

/** The line to the server is down and being tried again. */
export const lineDown = ref(false)

/** The name of what a page shows, for the last step of the breadcrumb only: it never goes into the
 * window's title, which browsers write into their history in clear. */
export const pageName = ref('')
