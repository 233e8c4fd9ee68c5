import { speak } from '@/core/words'
import { home } from '@/core/words/home'

export const t = speak(home)
