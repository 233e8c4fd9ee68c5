// Every address of the console, in one place. Pages and parts never write a
// path: they say `to.home()`. A route names what it needs; the guard and the
// side bar read the same word, so nothing is shown that cannot be opened.

import { Avatar, Bell, Calendar, Collection, DataAnalysis, Document, EditPen, House, List, OfficeBuilding, Setting, Unlock, Upload, User, Warning } from '@element-plus/icons-vue'
import type { Component } from 'vue'
import {
  createRouter,
  createWebHistory,
  type LocationQueryRaw,
  type RouteLocationRaw,
  type RouteMeta,
  type RouteRecordNormalized,
  type RouteRecordRaw,
  type Router,
} from 'vue-router'
import { t } from '@/core/words'
import { may, session } from './session'
import { pageName } from './shell'

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    /** The action a person must have; without it the page says 没有权限. */
    needs?: string
    /** Its place in the side bar; pages reached from other pages have none. */
    nav?: { group: string; icon: Component }
    /** The step before it in the breadcrumb, by route name. */
    parent?: string
    /** No frame around it, and no one need be signed in. */
    open?: boolean
  }
}

export const to = {
  home: (): RouteLocationRaw => ({ name: 'home' }),
  children: (query: LocationQueryRaw = {}): RouteLocationRaw => ({ name: 'children', query }),
  newChild: (): RouteLocationRaw => ({ name: 'child-new' }),
  child: (id: string, hash = ''): RouteLocationRaw => ({ name: 'child', params: { id }, hash }),
  editChild: (id: string): RouteLocationRaw => ({ name: 'child-edit', params: { id } }),
  openings: (): RouteLocationRaw => ({ name: 'openings' }),
  visit: (child: string, corrects?: string): RouteLocationRaw => ({
    name: 'visit',
    params: { id: child },
    query: corrects ? { corrects } : {},
  }),
  visitsDue: (): RouteLocationRaw => ({ name: 'visits-due' }),
  visitsBatch: (): RouteLocationRaw => ({ name: 'visits-batch' }),
  visitSheets: (region: string): RouteLocationRaw => ({ name: 'visit-sheets', query: { region } }),
  duties: (query: LocationQueryRaw = {}): RouteLocationRaw => ({ name: 'duties', query }),
  duty: (id: string): RouteLocationRaw => ({ name: 'duty', params: { id } }),
  threads: (query: LocationQueryRaw = {}): RouteLocationRaw => ({ name: 'threads', query }),
  thread: (id: string, hash = ''): RouteLocationRaw => ({ name: 'thread', params: { id }, hash }),
  record: (thread: string, kind: string, query: LocationQueryRaw = {}): RouteLocationRaw => ({ name: 'record', params: { id: thread, kind }, query }),
  report: (query: LocationQueryRaw = {}): RouteLocationRaw => ({ name: 'report', query }),
  ownReports: (): RouteLocationRaw => ({ name: 'own-reports' }),
  omission: (id: string): RouteLocationRaw => ({ name: 'omission', params: { id } }),
  clauses: (region?: string): RouteLocationRaw => ({ name: 'clauses', query: region ? { region } : {} }),
  // Without dots: an address that ends in one and letters is taken for a file.
  clause: (id: string, region?: string): RouteLocationRaw => ({
    name: 'clause',
    params: { id: id.split('.').join('-') },
    query: region ? { region } : {},
  }),
  overview: (region?: string): RouteLocationRaw => ({ name: 'overview', query: region ? { region } : {} }),
  imports: (): RouteLocationRaw => ({ name: 'imports' }),
  importOf: (id: string, already = false): RouteLocationRaw => ({ name: 'import', params: { id }, query: already ? { already: '1' } : {} }),
  people: (): RouteLocationRaw => ({ name: 'people' }),
  organisations: (): RouteLocationRaw => ({ name: 'organisations' }),
  journal: (): RouteLocationRaw => ({ name: 'journal' }),
  numbers: (): RouteLocationRaw => ({ name: 'numbers' }),
  password: (): RouteLocationRaw => ({ name: 'password' }),
  activate: (): RouteLocationRaw => ({ name: 'activate' }),
  signIn: (next?: string): RouteLocationRaw => ({ name: 'sign-in', query: next && next !== '/' ? { next } : {} }),
}

export const routes: RouteRecordRaw[] = [
  {
    path: '/',
    name: 'home',
    component: () => import('./pages/home/HomePage.vue'),
    meta: { title: t('shell.home'), nav: { group: '', icon: House } },
  },
  {
    path: '/duties',
    name: 'duties',
    component: () => import('./pages/duty/DutyListPage.vue'),
    meta: { title: t('nav.duties'), needs: 'duty.list', nav: { group: t('nav.work'), icon: List } },
  },
  {
    path: '/duties/:id',
    name: 'duty',
    component: () => import('./pages/duty/DutyPage.vue'),
    meta: { title: t('nav.duties'), needs: 'duty.list', parent: 'duties' },
  },
  {
    path: '/threads',
    name: 'threads',
    component: () => import('./pages/report/ThreadListPage.vue'),
    meta: { title: t('nav.threads'), needs: 'thread.list', nav: { group: t('nav.work'), icon: Warning } },
  },
  {
    path: '/threads/:id',
    name: 'thread',
    component: () => import('./pages/report/ThreadPage.vue'),
    meta: { title: t('nav.threads'), needs: 'thread.read', parent: 'threads' },
  },
  {
    path: '/threads/:id/write/:kind',
    name: 'record',
    component: () => import('./pages/casework/RecordPage.vue'),
    meta: { title: t('nav.record'), needs: 'casework.own', parent: 'threads' },
  },
  {
    path: '/reports/new',
    name: 'report',
    component: () => import('./pages/report/ReportFormPage.vue'),
    meta: { title: t('nav.report'), needs: 'report.file', nav: { group: t('nav.work'), icon: Bell } },
  },
  {
    path: '/reports/mine',
    name: 'own-reports',
    component: () => import('./pages/report/OwnReportsPage.vue'),
    meta: { title: t('nav.own_reports'), needs: 'report.file', parent: 'report' },
  },
  {
    path: '/omissions/:id',
    name: 'omission',
    component: () => import('./pages/report/OmissionPage.vue'),
    meta: { title: t('nav.omission'), needs: 'report.conclude', parent: 'duties' },
  },
  {
    path: '/visits/due',
    name: 'visits-due',
    component: () => import('./pages/visit/DueListPage.vue'),
    meta: { title: t('nav.due'), needs: 'visit.due', nav: { group: t('nav.work'), icon: Calendar } },
  },
  {
    path: '/visits/batch',
    name: 'visits-batch',
    component: () => import('./pages/visit/BatchPage.vue'),
    meta: { title: t('nav.batch'), needs: 'visit.record', parent: 'visits-due', nav: { group: t('nav.work'), icon: EditPen } },
  },
  {
    path: '/visits/sheets',
    name: 'visit-sheets',
    component: () => import('./pages/visit/SheetsPage.vue'),
    meta: { title: t('nav.sheets'), needs: 'visit.due', parent: 'visits-due' },
  },
  {
    path: '/children',
    name: 'children',
    component: () => import('./pages/registry/ChildListPage.vue'),
    meta: { title: t('nav.children'), needs: 'child.list', nav: { group: t('nav.files'), icon: User } },
  },
  {
    path: '/children/new',
    name: 'child-new',
    component: () => import('./pages/registry/ChildNewPage.vue'),
    meta: { title: t('nav.child_new'), needs: 'child.add', parent: 'children' },
  },
  {
    path: '/children/:id',
    name: 'child',
    component: () => import('./pages/registry/ChildPage.vue'),
    meta: { title: t('nav.child'), needs: 'child.read', parent: 'children' },
  },
  {
    path: '/children/:id/edit',
    name: 'child-edit',
    component: () => import('./pages/registry/ChildEditPage.vue'),
    meta: { title: t('nav.child_edit'), needs: 'child.change', parent: 'children' },
  },
  {
    path: '/children/:id/visit',
    name: 'visit',
    component: () => import('./pages/visit/VisitPage.vue'),
    meta: { title: t('nav.visit'), needs: 'visit.record', parent: 'children' },
  },
  {
    path: '/openings',
    name: 'openings',
    component: () => import('./pages/registry/OpeningsPage.vue'),
    meta: { title: t('nav.openings'), needs: 'file.openings', nav: { group: t('nav.files'), icon: Unlock } },
  },
  {
    path: '/imports',
    name: 'imports',
    component: () => import('./pages/import/ImportListPage.vue'),
    meta: { title: t('nav.imports'), needs: 'import.read', nav: { group: t('nav.files'), icon: Upload } },
  },
  {
    path: '/imports/:id',
    name: 'import',
    component: () => import('./pages/import/ImportPage.vue'),
    meta: { title: t('nav.imports'), needs: 'import.read', parent: 'imports' },
  },
  {
    path: '/overview',
    name: 'overview',
    component: () => import('./pages/governance/OverviewPage.vue'),
    meta: { title: t('nav.overview'), needs: 'figure.read', nav: { group: t('nav.whole'), icon: DataAnalysis } },
  },
  {
    path: '/clauses',
    name: 'clauses',
    component: () => import('./pages/governance/ClauseBoardPage.vue'),
    meta: { title: t('nav.clauses'), needs: 'clause.read', nav: { group: t('nav.whole'), icon: Collection } },
  },
  {
    path: '/clauses/:id',
    name: 'clause',
    component: () => import('./pages/governance/ClausePage.vue'),
    meta: { title: t('nav.clause'), needs: 'clause.read', parent: 'clauses' },
  },
  {
    path: '/policy',
    name: 'numbers',
    component: () => import('./pages/policy/NumbersPage.vue'),
    meta: { title: t('nav.numbers'), needs: 'policy.read', nav: { group: t('nav.whole'), icon: Setting } },
  },
  {
    path: '/people',
    name: 'people',
    component: () => import('./pages/account/PeoplePage.vue'),
    meta: { title: t('nav.people'), needs: 'user.list', nav: { group: t('nav.admin'), icon: Avatar } },
  },
  {
    path: '/organisations',
    name: 'organisations',
    component: () => import('./pages/account/OrganisationsPage.vue'),
    meta: { title: t('nav.organisations'), needs: 'organisation.list', nav: { group: t('nav.admin'), icon: OfficeBuilding } },
  },
  {
    path: '/journal',
    name: 'journal',
    component: () => import('./pages/account/JournalPage.vue'),
    meta: { title: t('nav.journal'), needs: 'journal.list', nav: { group: t('nav.admin'), icon: Document } },
  },
  {
    path: '/password',
    name: 'password',
    component: () => import('./pages/account/PasswordPage.vue'),
    meta: { title: t('nav.password') },
  },
  {
    path: '/activate',
    name: 'activate',
    component: () => import('./pages/account/ActivatePage.vue'),
    meta: { title: t('nav.activate'), open: true },
  },
  {
    path: '/sign-in',
    name: 'sign-in',
    component: () => import('./pages/shell/SignInPage.vue'),
    meta: { title: t('sign_in.title'), open: true },
  },
  {
    path: '/:missing(.*)*',
    name: 'missing',
    component: () => import('./pages/shell/MissingPage.vue'),
    meta: { title: t('missing.title') },
  },
]

/** makeRouter guards every page but the open ones. `ready` resolves once the server has said who is signed in. */
export function makeRouter(ready: () => Promise<unknown>, pages: RouteRecordRaw[] = routes): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: pages,
    scrollBehavior: (next, from, saved) => {
      if (saved) return saved
      return next.path === from.path ? {} : { top: 0 }
    },
  })
  router.beforeEach(async next => {
    await ready()
    if (!session.value && !next.meta.open) return to.signIn(next.fullPath)
    if (session.value && next.name === 'sign-in') return to.home()
    return true
  })
  router.afterEach((next, from, failure) => {
    if (failure) return
    if (next.path !== from.path) pageName.value = ''
    document.title = `${next.meta.title} · ${t('app.name')}`
  })
  return router
}

/** A way into a group of pages, as the side bar shows it. */
export interface Door {
  name: string
  title: string
  nav: NonNullable<RouteMeta['nav']>
}

/** doors lists what the person at this desk may open, in the order of the routes. */
export function doors(router: Router): Door[] {
  return router.options.routes.flatMap(({ name, meta }) =>
    typeof name === 'string' && meta?.nav && mayOpen({ meta }) ? [{ name, title: meta.title, nav: meta.nav }] : [],
  )
}

/** trailTo lists the pages before a page, the first one first. */
export function trailTo(router: Router, page: { meta: RouteMeta }): RouteRecordNormalized[] {
  const steps: RouteRecordNormalized[] = []
  let name = page.meta.parent
  while (name !== undefined && steps.length < 6) {
    const step = router.getRoutes().find(r => r.name === name)
    if (!step) break
    steps.unshift(step)
    name = step.meta.parent
  }
  return steps
}

/** has says whether a page exists and the person at this desk may open it. */
export function has(router: Router, name: string): boolean {
  const route = router.getRoutes().find(r => r.name === name)
  return route !== undefined && mayOpen(route)
}

/** mayOpen says whether the person at this desk may open a route. */
export function mayOpen(route: { meta: { needs?: string } }): boolean {
  return route.meta.needs === undefined || may(route.meta.needs)
}
