import { createApp, type App, type Component } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'

/** mount draws a component for a test, with a router of one page; `leave` takes it away. */
export async function mount(component: Component, props: Record<string, unknown> = {}, at = '/list') {
  const router: Router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:any(.*)*', component: { template: '<i />' }, meta: { title: '' } }],
  })
  await router.push(at)
  const root = document.createElement('div')
  document.body.append(root)
  const app: App = createApp(component, props).use(router)
  app.mount(root)
  return {
    root,
    router,
    leave() {
      app.unmount()
      root.remove()
    },
  }
}
