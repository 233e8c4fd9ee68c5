// What each mechanism shows on a case's page, in the order help flows. A part
// takes the case's id, asks for its own records and says when it changed one.
import { defineAsyncComponent, type Component } from 'vue'

/** part loads a mechanism's part with the first case that is opened. */
export const part = (load: () => Promise<Component>): Component => defineAsyncComponent(load)

export const mechanisms: readonly Component[] = [part(() => import('../../pages/casework/CaseworkPart.vue').then(m => m.default))]
