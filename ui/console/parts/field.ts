import type { InjectionKey, Ref } from 'vue'

/** What a form tells its fields, and they it. */
export interface FieldHome {
  errors: Readonly<Ref<Record<string, string>>>
  /** A field announces itself, so that the error summary can name it and lead to it. */
  join(path: string, label: string): void
  leave(path: string): void
}

export const fieldHome: InjectionKey<FieldHome> = Symbol('field home')

/** The id of the control that a path's error belongs to. */
export function fieldId(path: string): string {
  return `f-${path.replace(/[^\w-]+/g, '-')}`
}
