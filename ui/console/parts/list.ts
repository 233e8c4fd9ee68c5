/** One column of a list. */
export interface Column<Row> {
  /** Also the name of the slot that draws its cells: `cell-<key>`. The first column is the row's name, and its slot stands behind it. */
  key: string
  label: string
  /** The cell's words, where no slot draws it. */
  text?(row: Row): string
  width?: string
  align?: 'right'
  /** Left out of the cards on a phone. */
  wideOnly?: boolean
}

export interface Choice {
  value: string
  label: string
}

/** One filter above a list; its value is in the address under `name`. */
export interface Filter {
  name: string
  label: string
  /** Without choices it comes with a link, or the page draws it in the slot `filter-<name>`. */
  choices?: readonly Choice[]
}

/** A page of a list, as the server gives it. */
export interface Listed<Row> {
  rows: readonly Row[]
  /** The cursor of the page after this one; absent or empty on the last. */
  next?: string | null
  total?: number | null
}
