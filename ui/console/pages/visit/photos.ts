// Photographs follow a visit that the server already holds, one after another,
// each under an id of its own so that sending it again keeps it once.

import { send } from '@/core/api'

export const largestPhoto = 12 * 1024 * 1024
const sendAsIs = 3 * 1024 * 1024
const longEdge = 1600

/**
 * lighten draws a large photograph smaller, for a village's line; what is small
 * enough goes as it was taken, since the original is the evidence.
 */
export async function lighten(file: Blob): Promise<Blob> {
  if (file.size <= sendAsIs) return file
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, longEdge / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  const small = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/jpeg', 0.8))
  return small ?? file
}

export async function sendPhoto(visit: string, id: string, file: Blob): Promise<void> {
  const url = `${location.origin}/api/visits/${encodeURIComponent(visit)}/photos/${encodeURIComponent(id)}`
  await send(new Request(url, { method: 'PUT', body: await lighten(file), credentials: 'same-origin' }))
}
