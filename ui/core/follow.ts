// Following a long task: by server-sent events while they come, by asking
// again every few seconds when they do not (an office proxy may hold them
// back). Leaving the page stops the following, never the task.

/** How far a task has come. */
export interface Progress {
  state: 'running' | 'done' | 'failed'
  done: number
  /** Unknown until it has been counted. */
  total: number | null
  /** One sentence on what is being done, or on why it stopped. */
  note?: string
  counts?: { label: string; n: number }[]
}

export interface Follow {
  /** The stream; each message is a Progress in JSON. */
  url: string
  /** Reads a message of the stream that is not a Progress itself. */
  read?(message: unknown): Progress
  /** The same by asking. */
  poll(): Promise<Progress>
  on(progress: Progress): void
  /** Whether it is now known only by asking. */
  polling?(yes: boolean): void
  every?: number
}

/** follow starts following and returns how to stop. */
export function follow({ url, poll, on, polling, read, every = 3000 }: Follow): () => void {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let stream: EventSource | undefined

  const stop = () => {
    stopped = true
    stream?.close()
    clearTimeout(timer)
  }
  const take = (progress: Progress) => {
    if (stopped) return
    on(progress)
    if (progress.state !== 'running') stop()
  }
  const ask = async () => {
    try {
      take(await poll())
    } catch {
      // The line is down; sending has said so already. Ask again.
    }
    if (!stopped) timer = setTimeout(ask, every)
  }
  const fallBack = () => {
    stream?.close()
    stream = undefined
    if (stopped || timer) return
    polling?.(true)
    void ask()
  }

  if (typeof EventSource === 'undefined') {
    fallBack()
    return stop
  }
  stream = new EventSource(url)
  stream.onmessage = (event: MessageEvent<string>) => {
    const message = JSON.parse(event.data)
    take(read ? read(message) : message)
  }
  stream.onerror = fallBack
  return stop
}
