import { routes } from './routes'
import { sources } from './shell'
import { real } from './sources'
import { start } from './start'

Object.assign(sources, real)
start(routes)
