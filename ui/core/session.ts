import type { paths } from './api.gen'

/** Who is signed in, the posts they hold, and what those let them do. */
export type Session = paths['/api/session']['get']['responses'][200]['content']['application/json']

/** A demonstration account, as the sign-in page offers it. */
export type DemoAccount = paths['/api/session/demo']['get']['responses'][200]['content']['application/json'][number]
