// From a roster to a watched-over child: the county office brings a list, its
// rows are checked, what needs a person waits, the rest is entered; the
// village director visits a child of the list on a phone; the county board
// counts it; and the same list brought again changes nothing.
import { finish, journey } from './harness.mjs'

const roster = [
  '双江街道留守儿童花名册（虚构）',
  '姓名,性别,出生日期,现居住地,父亲姓名,父亲务工地点,母亲姓名,母亲务工地点,备注',
  '金小满,女,2016-05-21,双江街道杏家湾社区3组,金大山,广东省深圳市,罗秋,广东省深圳市,',
  '金小寒,男,2018年1月5日,双江街道杏家湾社区3组,金大山,广东省深圳市,罗秋,广东省深圳市,一个人住',
  '金谷雨,女,20170420,没有这个地方的村,金二河,浙江宁波,罗冬,浙江宁波,',
  '合计,3人,,,,,,,',
].join('\n')

async function files(page) {
  await page.goto('/clauses')
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: '三.二.14' }) })
  await row.waitFor()
  return Number((await row.getByRole('cell').allTextContents())[3])
}

journey('a roster, from the county office to a visit and the clause board', async ({ assert, desk, phone, axe, fits, shot, signIn, given, when, then }) => {
  const office = await desk()
  const county = await desk()
  let before = 0
  let address = ''
  await given('the county office, and the board as it stands', async () => {
    await signIn(county, 'conference')
    before = await files(county)
    await signIn(office, 'civilaffairs')
    await office.goto('/imports')
  })
  const bring = async () => {
    await office.locator('input[type=file]').setInputFiles({ name: '花名册.csv', mimeType: 'text/csv', buffer: Buffer.from(roster) })
    await office.getByRole('button', { name: '上传并预览' }).click()
  }
  await when('a roster is brought', bring)
  await then('its rows are checked: two can be entered, one waits for a person', async () => {
    await office.getByRole('button', { name: '写入 2 名儿童' }).waitFor({ timeout: 30_000 })
    address = new URL(office.url()).pathname
    await office.getByText('表里写的').waitFor({ state: 'detached' })
    await office.getByRole('row').filter({ hasText: '金谷雨' }).waitFor()
    await axe(office)
    await shot(office, 'checked')
  })
  await when('the two are entered without waiting for the third', async () => {
    await office.getByRole('button', { name: '写入 2 名儿童' }).click()
    await office.getByRole('dialog').getByRole('button', { name: '写入 2 名儿童' }).click()
  })
  await then('they are on file, and the remark raised what it means', async () => {
    await office.getByRole('button', { name: '撤销这次导入' }).waitFor({ timeout: 30_000 })
    await office.goto('/children')
    const search = office.getByPlaceholder('姓名、拼音首字母、证件号').last()
    await search.fill('jxh')
    await office.getByRole('link', { name: '金小寒' }).first().click()
    await office.getByText('儿童独居，立即核实处置').first().waitFor()
    await shot(office, 'alone')
  })
  await when('a person looks at what the third one waits for', async () => {
    await office.goto(address)
    await office.getByRole('row').filter({ hasText: '金谷雨' }).getByRole('button', { name: '处理' }).click()
    await office.getByRole('dialog').waitFor()
    await axe(office)
    await shot(office, 'settle')
  })
  await when('the same roster is brought again', async () => {
    await office.goto('/imports')
    await bring()
  })
  await then('nothing is entered twice, and the page says so', async () => {
    await office.getByText('这个文件以前导入过，没有重复导入').waitFor()
    assert.equal(new URL(office.url()).pathname, address)
  })
  const page = await phone()
  await when('the village director visits the child who lived alone', async () => {
    await signIn(page, 'village')
    const duty = page.locator('.duty').filter({ hasText: '金小寒' }).filter({ hasText: '儿童独居' })
    await duty.getByRole('link', { name: '去走访' }).click()
    await page.getByRole('heading', { name: '走访：金小寒' }).waitFor()
    await page.getByText('见到了', { exact: true }).click()
    await fits(page)
    await page.getByRole('button', { name: '保存走访' }).click()
    await page.getByRole('heading', { name: '走访已保存' }).waitFor()
    await shot(page, 'visited')
  })
  await then('the county board counts two files more', async () => {
    assert.equal(await files(county), before + 2)
  })
})

journey('settling a held row keeps the list where it stands', async ({ assert, desk, shot, signIn, given, when, then }) => {
  const page = await desk()
  const named = n => `尤小${String.fromCodePoint(0x4e00 + n)}`
  const many = [
    '姓名,性别,出生日期,现居住地,父亲姓名,母亲姓名',
    ...Array.from({ length: 90 }, (_, n) => `${named(n)},女,2016-05-${String(1 + (n % 28)).padStart(2, '0')},没有这个地方的村${n},尤大山${n},罗秋${n}`),
  ].join('\n')
  let before
  let name
  await given('ninety rows that wait for a person, and the second page of them', async () => {
    await signIn(page, 'civilaffairs')
    await page.goto('/imports')
    await page.locator('input[type=file]').setInputFiles({ name: '多村花名册.csv', mimeType: 'text/csv', buffer: Buffer.from(many) })
    await page.getByRole('button', { name: '上传并预览' }).click()
    await page.getByRole('row').filter({ hasText: named(0) }).waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: '下一页' }).click()
    await page.getByText('第 2 页').waitFor()
    await page.getByRole('row').filter({ hasText: named(60) }).waitFor()
  })
  await when('a row in the middle of it is sent back', async () => {
    const row = page.getByRole('row').nth(25)
    name = (await row.getByRole('cell').first().textContent()).trim()
    await row.scrollIntoViewIfNeeded()
    before = { at: page.url(), top: await page.evaluate(() => Math.round(scrollY)), rows: await page.getByRole('row').count() }
    assert.ok(before.top > 0, 'the list is too short to scroll')
    await row.getByRole('button', { name: '处理' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('退回原因').fill('村名写错，请村里重报')
    await dialog.getByRole('button', { name: '退回这一行' }).click()
    await dialog.waitFor({ state: 'detached' })
  })
  await then('it is settled, and the page and the place on it are the same', async () => {
    await page.getByRole('row').filter({ hasText: name }).getByRole('button', { name: '处理' }).waitFor({ state: 'detached' })
    assert.equal(page.url(), before.at)
    await page.getByText('第 2 页').waitFor()
    const top = await page.evaluate(() => Math.round(scrollY))
    assert.ok(Math.abs(top - before.top) <= 60, `the list stood at ${before.top} px and now stands at ${top}`)
    assert.ok((await page.getByRole('row').count()) >= before.rows - 1)
    await shot(page, 'settled')
  })
})

await finish()
