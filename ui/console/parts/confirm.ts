import { shallowRef } from 'vue'

/** A question that must be answered before going on. */
export interface Question {
  title: string
  body?: string
  /** What the answer does, as a verb: 退回, 放弃. */
  yes?: string
  no?: string
  danger?: boolean
  /** Asks for a reason, with the common ones to pick from. */
  reason?: { common?: readonly string[] }
}

export interface Answer {
  reason: string
}

export interface Asked extends Question {
  answer(given: Answer | undefined): void
}

/** asked is the question on the screen; ConfirmHost draws it. */
export const asked = shallowRef<Asked>()

/** confirm asks, and resolves to the answer, or to undefined when the person thinks better of it. */
export function confirm(question: Question): Promise<Answer | undefined> {
  asked.value?.answer(undefined) // a newer question takes the older one's place
  return new Promise(resolve => {
    asked.value = {
      ...question,
      answer(given) {
        asked.value = undefined
        resolve(given)
      },
    }
  })
}
