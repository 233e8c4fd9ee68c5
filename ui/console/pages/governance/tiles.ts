// Where a place's tile stands and how it is coloured.

export interface Step {
  upTo: number
  word: string
}

/** Rows of seven, in the order of the codes: no one's neighbours are claimed. */
export function grid(n: number): { column: number; row: number } {
  const across = 7
  return { column: (n % across) + 1, row: Math.floor(n / across) + 1 }
}

/** Four steps of about as many places each; fewer where there are few values. */
export function stepsFor(values: readonly number[], words: readonly string[]): Step[] {
  const sorted = [...values].sort((a, b) => a - b)
  const limits = words.map((_, n) => sorted[Math.ceil(((n + 1) / words.length) * sorted.length) - 1] ?? 0)
  return words
    .map((word, n) => ({ word, upTo: limits[n] ?? 0 }))
    .filter((step, n) => n === words.length - 1 || step.upTo < (limits[n + 1] ?? 0))
}
