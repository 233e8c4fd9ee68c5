import { ref } from 'vue'

const query = typeof matchMedia === 'undefined' ? undefined : matchMedia('screen and (max-width: 720px)')

/** narrow is true on a phone's width: tables become cards, the side bar a drawer. */
export const narrow = ref(query?.matches ?? false)

query?.addEventListener('change', event => {
  narrow.value = event.matches
})
