import { speak } from '@/core/words'
import { account } from '@/core/words/account'

export const t = speak(account)
