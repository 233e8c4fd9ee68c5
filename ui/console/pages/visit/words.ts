import { speak } from '@/core/words'
import { visit } from '@/core/words/visit'

export const t = speak(visit)
