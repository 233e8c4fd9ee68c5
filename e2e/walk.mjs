// Every role of the demonstration signs in and opens everything its side bar
// and its first page offer: no dead end, no error in the console, nothing that
// the server refuses.
import { finish, journey } from './harness.mjs'

const response = async url => (await fetch(new URL('/api/session/demo', url))).json()

journey('no role meets a dead end', async ({ assert, desk, fits, shot, signIn, then, url }) => {
  for (const { username } of await response(url)) {
    await then(`${username} opens every door`, async () => {
      const page = await desk()
      const refused = []
      page.on('response', r => {
        // 401 is the first look whether anyone is signed in.
        if (r.status() >= 400 && r.status() !== 401) refused.push(`${r.status()} ${r.request().method()} ${r.url()}`)
      })
      page.on('console', m => {
        if (m.type() === 'error' && !/\b401\b/.test(m.text())) refused.push(m.text())
      })
      await signIn(page, username)
      await page.getByRole('heading', { name: '您好' }).waitFor()
      await page.waitForLoadState('networkidle')
      const own = await page.evaluate(() =>
        [...document.querySelectorAll('main a[href^="/"], nav a[href^="/"]')].map(a => a.getAttribute('href')),
      )
      // One of each kind of address is enough: a hundred children open alike.
      const kinds = new Map(own.map(href => [href.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id').replace(/\?.*$|#.*$/, ''), href]))
      for (const [kind, href] of kinds) {
        await page.goto(href)
        await page.waitForLoadState('networkidle')
        const headings = await page.getByRole('heading').allTextContents()
        assert.ok(headings.length > 0, `${username} finds nothing at ${href}`)
        for (const dead of ['没有找到这一页', '没有这一项权限', '连接不上服务器', '这一页没能打开']) {
          assert.ok(!headings.some(h => h.includes(dead)), `${username} at ${href}: ${dead}`)
        }
        assert.equal(await page.getByRole('alert').filter({ hasText: '没能加载' }).count(), 0, `${username} at ${href}`)
        assert.deepEqual(refused, [], `${username} at ${href} (${kind})`)
        await fits(page)
      }
      await shot(page, username)
      await page.context().close()
    })
  }
})

await finish()
