// Made from the state tables in Go by `make generate`; do not edit.

export const states = {
  duty: {"open":{"cancel":"cancelled","carry":"open","discharge":"discharged"}},
  move: {"offered":{"accept":"accepted","refuse":"refused","withdraw":"withdrawn"}},
  report: {"accepted":{"answer":"answered"},"answered":{"answer":"answered"},"declined":{"answer":"answered","return":"received"},"received":{"accept":"accepted","decline":"declined","pass":"received"}},
  thread: {"assessing":{"close":"closed","join":"joined","plan":"assisting"},"assisting":{"assess":"assessing","close":"closed","join":"joined"},"closed":{"reopen":"assessing","respond":"responding"},"received":{"close":"closed","join":"joined","respond":"responding"},"responding":{"close":"closed","join":"joined","notify":"assessing"}},
  omission: {"found":{"conclude":"concluded"}},
  import: {"checked":{"check":"checking","post":"posting","undo":"undone"},"checking":{"check":"checking","fail":"failed","ready":"checked","undo":"undone"},"failed":{"undo":"undone"},"posted":{"undo":"undoing"},"posting":{"fail":"failed","finish":"posted"},"read":{"check":"checking","fail":"failed","undo":"undone"},"received":{"fail":"failed","read":"read","undo":"undone"},"undoing":{"gone":"undone","keep":"posted"}},
  casework: {},
} as const
