/** fits says whether a file is of a kind that `accept` (as in HTML) names. */
export function fits(file: { name: string; type: string }, accept: string): boolean {
  return accept.split(',').some(part => {
    const kind = part.trim().toLowerCase()
    if (kind.startsWith('.')) return file.name.toLowerCase().endsWith(kind)
    if (kind.endsWith('/*')) return file.type.startsWith(kind.slice(0, -1))
    return file.type === kind
  })
}

/** saySize says a size as people do. */
export function saySize(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`
  return `${(bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '')} MB`
}

/** sayAccept says what kinds are meant, without dots and stars. */
export function sayAccept(accept: string): string {
  return accept
    .split(',')
    .map(part => part.trim().replace(/^\./, '').replace(/\/\*$/, ''))
    .join(' / ')
}
