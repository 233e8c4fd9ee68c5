import { t } from './words'

/** What the server says in application/problem+json. */
interface ProblemBody {
  id?: string
  title?: string
  detail?: string
  fields?: Record<string, string>
}

/**
 * Problem is a refusal, or the lack of an answer. `message` is one sentence
 * that may be shown as it is; `fields` names the inputs at fault.
 */
export class Problem extends Error {
  override name = 'Problem'

  constructor(
    /** The HTTP status; 0 when no answer came. */
    readonly status: number,
    /** Stable, for programs: "report.already_accepted". */
    readonly id: string,
    sentence: string,
    readonly detail = '',
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(sentence)
  }

  get title(): string {
    return this.message
  }

  /** No answer came, or the server said it cannot answer now: the same request may be sent again. */
  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }

  /** Someone changed the record first. */
  get stale(): boolean {
    return this.status === 412
  }
}

/** problemOf reads a refusal, whatever stands between us and the server made of it. */
export async function problemOf(response: Response): Promise<Problem> {
  const body = await readBody(response)
  return new Problem(
    response.status,
    body.id ?? `http.${response.status}`,
    body.title ?? t('problem.unknown'),
    body.detail ?? '',
    body.fields ?? {},
  )
}

async function readBody(response: Response): Promise<ProblemBody> {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return {}
  try {
    const body: ProblemBody = await response.json()
    return body
  } catch {
    return {} // a proxy cut it short: the status alone must do
  }
}

/** asProblem makes anything thrown sayable. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  return new Problem(0, 'unknown', t('problem.unknown'), String(thrown))
}
