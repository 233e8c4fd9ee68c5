// A visit half typed when the browser dies: it is there when the browser comes
// back, and on the disk it cannot be read.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { finish, journey } from './harness.mjs'

const { chromium } = createRequire(new URL('../ui/package.json', import.meta.url))('playwright-core')
const words = '孩子说想妈妈，作业由邻居辅导'

function filesUnder(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const full = path.join(folder, entry.name)
    return entry.isDirectory() ? filesUnder(full) : entry.isFile() ? [full] : []
  })
}

journey('a half-typed visit survives the browser', async ({ assert, folder, signIn, url, given, when, then }) => {
  const profile = path.join(folder, 'profile')
  const open = () =>
    chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu'],
      baseURL: url,
      locale: 'zh-CN',
      viewport: { width: 390, height: 844 },
    })
  let address = ''
  let context = await open()
  try {
    await given('a village director typing a visit', async () => {
      const page = await context.newPage()
      await signIn(page, 'village')
      await page.getByRole('link', { name: '去走访' }).first().click()
      await page.getByText('见到了', { exact: true }).click()
      address = new URL(page.url()).pathname
      await page.getByLabel('情况记录').fill(words)
      await page.getByText('情绪低落、明显异常').click()
      await page.getByText('草稿已存在本机').waitFor()
    })
    await when('the browser is gone and comes back', async () => {
      await context.close()
      context = await open()
    })
    await then('what was typed is there', async () => {
      const page = await context.newPage()
      await page.goto(address)
      if (page.url().includes('/sign-in')) await signIn(page, 'village')
      await page.goto(address)
      await page.getByText('已恢复未提交的内容').waitFor()
      assert.equal(await page.getByLabel('情况记录').inputValue(), words)
      assert.ok(await page.getByRole('radio', { name: '见到了' }).isChecked())
      assert.ok(await page.getByRole('checkbox', { name: '情绪低落' }).isChecked())
    })
    await then('and no word of it lies on the disk in clear', async () => {
      await context.close()
      const needles = [Buffer.from(words, 'utf8'), Buffer.from(words, 'utf16le')]
      const leaks = filesUnder(profile).filter(file => {
        const bytes = fs.readFileSync(file)
        return needles.some(needle => bytes.includes(needle))
      })
      assert.deepEqual(leaks, [])
    })
  } finally {
    await context.close()
  }
})

await finish()
