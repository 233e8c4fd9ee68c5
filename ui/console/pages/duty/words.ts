import { speak } from '@/core/words'
import { duty } from '@/core/words/duty'

export const t = speak(duty)
