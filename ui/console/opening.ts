import { shallowRef } from 'vue'

let answered: Promise<unknown> | undefined
const down = shallowRef(false)
const failed = shallowRef(false)

/** opening is the console's first moments: whether the server has said who is here. */
export const opening = {
  down,
  failed,
  /** ready asks once; after a failure it can be asked again. */
  ready(ask: () => Promise<unknown>): Promise<unknown> {
    answered ??= ask().then(
      found => {
        down.value = false
        return found
      },
      thrown => {
        answered = undefined
        down.value = true
        throw thrown
      },
    )
    return answered
  },
}
