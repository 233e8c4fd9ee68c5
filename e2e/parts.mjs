// The console's frame and parts, on the gallery's invented data (`npm run
// gallery` builds it): both widths, axe, and the promises that need a real
// browser: drafts sealed on the disk, a line that drops, a session that ends.

import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { finish, journey, root } from './harness.mjs'

const dist = path.join(root, 'ui/gallery/dist')
const kinds = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' }
const policy =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

if (!fs.existsSync(path.join(dist, 'index.html'))) throw new Error('the gallery is not built: npm run gallery, in ui/')
const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://gallery')
  const file = path.join(dist, path.normalize(pathname))
  const found = file.startsWith(dist) && fs.existsSync(file) && fs.statSync(file).isFile()
  if (!found && pathname.startsWith('/assets/')) return response.writeHead(404).end()
  const sent = found ? file : path.join(dist, 'index.html')
  response.writeHead(200, { 'content-type': kinds[path.extname(sent)] ?? 'application/octet-stream', 'content-security-policy': policy })
  fs.createReadStream(sent).pipe(response)
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const options = { with: 'nothing', url: `http://127.0.0.1:${server.address().port}` }

for (const size of ['desk', 'phone']) {
  journey(
    `every part reads well at the ${size}`,
    async ({ then, axe, fits, shot, ...tools }) => {
      const page = await tools[size]()
      for (const [address, sign] of [
        ['/sign-in', '演示账户'],
        ['/', '您好'],
        ['/examples', '共 137 条'],
        ['/examples/new', '登记走访'],
        ['/parts', '示意分区'],
        ['/nowhere', '没有找到这一页'],
        ['/secret', '没有这一项权限'],
      ]) {
        await then(`${address} is whole, fits, and axe finds nothing serious`, async () => {
          await page.goto(address)
          await page.getByText(sign).first().waitFor()
          await shot(page, address.replaceAll('/', '_'))
          await fits(page)
          await axe(page)
        })
      }
    },
    options,
  )
}

journey(
  'a list keeps its place',
  async ({ assert, desk, given, when, then }) => {
    const page = await desk()
    const row = name => page.getByRole('row').filter({ hasText: name })
    await given('the third page of a list', async () => {
      await page.goto('/examples')
      for (const n of [2, 3]) {
        await page.getByRole('button', { name: '下一页' }).click()
        await page.getByText(`第 ${n} 页`).waitFor()
      }
      await assert.equal(await page.getByRole('row').count(), 38)
    })
    await when('a row is opened and left again', async () => {
      await page.getByRole('row').nth(5).getByRole('link').click()
      await page.waitForURL('**/parts')
      await page.goBack()
    })
    await then('it is the same page, and the one before it is known, even after a reload', async () => {
      await page.getByText('第 3 页').waitFor()
      await page.reload()
      await page.getByText('第 3 页').waitFor()
      await page.getByRole('button', { name: '上一页' }).click()
      await page.getByText('第 2 页').waitFor()
    })
    await then('a name searched for finds, and never stands in the address', async () => {
      await page.getByRole('textbox', { name: '姓名、编号' }).fill('小雨')
      await page.getByText('共 13 条').waitFor()
      assert.ok(!decodeURIComponent(page.url()).includes('小雨'), page.url())
      await row('小雨').first().waitFor()
    })
    await then('a refused list says so and can be asked again', async () => {
      await page.evaluate(() => (window.fault = 'list'))
      await page.getByRole('textbox', { name: '姓名、编号' }).fill('子涵')
      await page.getByText('列表没能加载').waitFor()
      await page.evaluate(() => (window.fault = undefined))
      await page.getByRole('button', { name: '再试一次' }).click()
      await row('子涵').first().waitFor()
    })
  },
  options,
)

async function fillIn(page) {
  await page.getByLabel('走访日期').first().fill('2026年11月3日')
  await page.getByRole('combobox', { name: '乡镇' }).click()
  await page.getByRole('option', { name: '云峰乡' }).click()
  await page.getByRole('combobox', { name: '村（社区）' }).click()
  await page.getByRole('option', { name: '柳溪村' }).click()
  await page.getByLabel('受委托人').fill('冉')
  await page.getByText('入户').click()
}

journey(
  'a form loses nothing and sends once',
  async ({ assert, axe, desk, shot, given, when, then }) => {
    const page = await desk()
    await given('a form sent empty', async () => {
      await page.goto('/examples/new')
      await page.getByRole('button', { name: '保存走访' }).click()
    })
    await then('the summary has the focus and leads to each field', async () => {
      await page.getByText('还有 4 处需要改正').waitFor()
      assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ''), /还有 4 处/)
      await shot(page, 'errors')
      await axe(page)
      await page.getByRole('link', { name: '受委托人：' }).click()
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'f-carer')
    })
    await when('it is filled in and the window closes', async () => {
      await fillIn(page)
      await page.getByText('草稿已存在本机').waitFor()
      await page.close()
    })
    const again = await page.context().newPage()
    await then('it comes back whole', async () => {
      await again.goto('/examples/new')
      await again.getByText('已恢复未提交的内容').waitFor()
      assert.equal(await again.getByLabel('受委托人').inputValue(), '冉')
      assert.equal(await again.getByLabel('走访日期').first().inputValue(), '2026-11-03')
      await again.getByText('柳溪村').first().waitFor()
      await shot(again, 'restored')
    })
    await then('what the disk holds is not what was typed', async () => {
      const kept = await again.evaluate(async () => {
        const db = await new Promise(resolve => {
          const asked = indexedDB.open('console-v1')
          asked.onsuccess = () => resolve(asked.result)
        })
        const all = await new Promise(resolve => {
          const asked = db.transaction('drafts').objectStore('drafts').getAll()
          asked.onsuccess = () => resolve(asked.result)
        })
        return all.map(sealed => [...new Uint8Array(sealed.text)])
      })
      assert.equal(kept.length, 1)
      assert.ok(!Buffer.from(kept[0]).includes(Buffer.from('冉')))
    })
    await then('a refusal of the server stands at its field', async () => {
      await again.getByRole('button', { name: '保存走访' }).click()
      await again.getByText('受委托人：请填写受委托人的全名').waitFor()
    })
    await when('the session has ended and the form is sent', async () => {
      await again.getByLabel('受委托人').fill('冉德珍')
      await again.evaluate(() => (window.fault = 'expired'))
      await again.getByRole('button', { name: '保存走访' }).click()
    })
    await then('a dialog asks for the password over the page, and the same sending goes on', async () => {
      const dialog = again.getByRole('dialog', { name: '请重新登录' })
      await dialog.waitFor()
      await shot(again, 'again')
      await axe(again)
      assert.equal(await again.locator('#f-carer').inputValue(), '冉德珍')
      await dialog.getByLabel('密码', { exact: false }).fill('township-demo')
      await dialog.getByRole('button', { name: '登录', exact: true }).click()
      await again.getByText('已保存').waitFor()
      assert.equal(await again.evaluate(() => window.keys.length), 2)
    })
    await then('nothing of it is left on the disk', async () => {
      await again.reload()
      await again.getByRole('heading', { name: '登记走访' }).waitFor()
      assert.equal(await again.getByText('已恢复未提交的内容').count(), 0)
      assert.equal(await again.getByLabel('受委托人').inputValue(), '')
    })
  },
  options,
)

journey(
  'a line that drops is said and waited for',
  async ({ assert, desk, given, then }) => {
    const page = await desk()
    await given('a form being sent when the line goes', async () => {
      await page.goto('/examples/new')
      await fillIn(page)
      await page.getByLabel('受委托人').fill('冉德珍')
      await page.evaluate(() => (window.fault = 'cut'))
      await page.getByRole('button', { name: '保存走访' }).click()
      await page.getByRole('button', { name: '正在保存' }).waitFor()
    })
    await then('it arrives once when the line is back', async () => {
      await page.evaluate(() => (window.fault = undefined))
      await page.getByText('已保存').waitFor()
      assert.equal(await page.evaluate(() => window.keys.length), 1)
    })
  },
  options,
)

journey(
  'leaving half a form asks first',
  async ({ desk, given, when, then, shot }) => {
    const page = await desk()
    await given('half a form', async () => {
      await page.goto('/examples/new')
      await page.getByLabel('受委托人').fill('冉德珍')
    })
    await when('another page is asked for', () => page.getByRole('link', { name: '首页' }).click())
    await then('one may stay, or leave and find the draft again', async () => {
      await page.getByRole('dialog', { name: '还有内容没有提交' }).waitFor()
      await shot(page, 'leave')
      await page.getByRole('button', { name: '继续填写' }).click()
      await page.getByRole('link', { name: '首页' }).click()
      await page.getByRole('button', { name: '离开', exact: true }).click()
      await page.getByText('您好').waitFor()
      await page.goBack()
      await page.getByText('已恢复未提交的内容').waitFor()
    })
  },
  options,
)

journey(
  'a sealed value wants a reason, and the keyboard does it all',
  async ({ assert, desk, then, axe, shot }) => {
    const page = await desk()
    await page.goto('/parts')
    await then('without a reason nothing is shown', async () => {
      await page.getByRole('button', { name: '显示联系电话' }).focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog', { name: '查看联系电话' })
      await dialog.getByRole('button', { name: '显示', exact: true }).click()
      await dialog.getByText('请写明原因').waitFor()
      await shot(page, 'reason')
      await axe(page)
      await dialog.getByRole('button', { name: '走访联系' }).click()
      await dialog.getByRole('button', { name: '显示', exact: true }).click()
      await page.getByText('13900001234').waitFor()
    })
    await then('the search box finds after composing, not during', async () => {
      const box = page.getByRole('combobox', { name: '查找' })
      await box.focus()
      const keys = await page.context().newCDPSession(page)
      await keys.send('Input.imeSetComposition', { text: 'xiao', selectionStart: 4, selectionEnd: 4 })
      await page.waitForTimeout(400)
      assert.equal(await box.getAttribute('aria-expanded'), 'false')
      await keys.send('Input.insertText', { text: '小雨' })
      await page.getByRole('option').first().waitFor()
      await page.keyboard.press('ArrowDown')
      assert.equal(await page.getByRole('option', { selected: true }).count(), 1)
      await shot(page, 'search')
      await page.keyboard.press('Enter')
      await page.waitForURL(at => at.pathname === '/')
    })
    await then('the calendar is walked by arrows and gives the focus back', async () => {
      await page.goto('/examples/new')
      await page.getByLabel('走访日期').first().fill('20261123')
      await page.getByRole('button', { name: '打开日历' }).click()
      await shot(page, 'calendar')
      await axe(page)
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      assert.equal(await page.getByLabel('走访日期').first().inputValue(), '2026-11-30')
      assert.match(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''), /打开日历/)
    })
  },
  options,
)

journey(
  'on a phone the menu is a drawer and rows are cards',
  async ({ assert, phone, then, shot, axe, fits }) => {
    const page = await phone()
    await page.goto('/examples')
    await then('fifty cards stand in one column', async () => {
      await page.getByText('共 137 条').waitFor()
      assert.equal(await page.locator('.cards > li').count(), 50)
    })
    await then('filters open and close', async () => {
      await page.getByRole('button', { name: '筛选' }).click()
      await shot(page, 'filters')
      await fits(page)
    })
    await then('the menu leads elsewhere and closes', async () => {
      await page.getByRole('button', { name: '菜单', exact: true }).click()
      await page.getByRole('navigation', { name: '主导航' }).waitFor()
      await page.waitForTimeout(400) // the drawer slides
      await shot(page, 'menu')
      await axe(page)
      await page.getByRole('link', { name: '登记走访' }).click()
      await page.getByRole('heading', { name: '登记走访' }).waitFor()
      await page.getByRole('navigation', { name: '主导航' }).waitFor({ state: 'hidden' })
    })
  },
  options,
)

await finish()
server.close()
