import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import { lend } from '@/core/api'
import App from './App.vue'
import { makeRouter } from './routes'
import { load, signInAgain } from './session'
import { lineDown } from './shell'
import { opening } from './opening'
// Nearly every page is a list or a form: what they are made of comes once, with
// the entry, and not again with each route's budget.
import './parts/FormPage.vue'
import './parts/ListPage.vue'
// After App: where the two name the same thing, ours is the later word.
import './style/tokens.css'
import './style/base.css'

/** start opens the console with a set of pages. */
export function start(pages: RouteRecordRaw[]): void {
  lend({
    signInAgain,
    waiting: down => {
      lineDown.value = down
    },
  })

  const queries = new QueryClient({
    defaultOptions: {
      // send.ts tries again for a minute already.
      queries: { retry: false, networkMode: 'always', staleTime: 5_000 },
      mutations: { retry: false, networkMode: 'always' },
    },
  })
  const router = makeRouter(() => opening.ready(load), pages)
  // A page whose file is gone: the server was updated under an open tab.
  router.onError(() => {
    opening.failed.value = true
  })

  createApp(App).use(VueQueryPlugin, { queryClient: queries }).use(router).mount('#app')
}
