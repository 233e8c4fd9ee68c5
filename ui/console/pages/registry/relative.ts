/** Somebody of a child's family, as a form holds them. */
export interface TypedRelative {
  kinship: string
  name: string
  birth_on: string
  identity: string
  telephone: string
  guardian: boolean
  carer: boolean
  since_on: string
}

export function emptyRelative(): TypedRelative {
  return { kinship: '', name: '', birth_on: '', identity: '', telephone: '', guardian: false, carer: false, since_on: '' }
}
