// The heart of it: what is owed, the visit at the door, what follows from it,
// and how the county sees it.
import { finish, journey } from './harness.mjs'

async function figures(page, clause) {
  await page.goto('/clauses')
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: clause }) })
  await row.waitFor()
  const cells = await row.getByRole('cell').allTextContents()
  return { open: Number(cells[1]), records: Number(cells[3]) }
}

journey('a visit with a finding, from the duty to the county board', async ({ assert, desk, phone, axe, fits, shot, signIn, given, when, then }) => {
  const county = await desk()
  const page = await phone()
  let before
  let name = ''
  let child = ''
  await given('the county board, and a village director with visits to make', async () => {
    await signIn(county, 'conference')
    before = { visits: await figures(county, '三.二.6'), reports: await figures(county, '四.一.1') }
    await signIn(page, 'village')
    await page.getByRole('link', { name: '去走访' }).first().waitFor()
    await shot(page, 'home')
  })
  await when('the director opens the most pressing visit', async () => {
    const duty = page.locator('.duty').filter({ has: page.getByRole('link', { name: '去走访' }) }).first()
    name = (await duty.getByRole('link').first().textContent()).trim()
    await duty.getByRole('link', { name: '去走访' }).click()
    await page.getByRole('heading', { name: `走访：${name}` }).waitFor()
    child = new URL(page.url()).pathname.split('/')[2]
  })
  await then('saving nothing says what is missing', async () => {
    await page.getByRole('button', { name: '保存走访' }).click()
    await page.getByText('还有 1 处需要改正').waitFor()
  })
  await when('the family was met and something grave was seen', async () => {
    await page.getByText('见到了', { exact: true }).click()
    await page.getByText('身上有说不清来历的伤，或害怕回家').click()
  })
  await then('the form says at once to call the police, and why', async () => {
    const must = page.getByRole('alert').filter({ hasText: '请立即拨打 110' })
    await must.waitFor()
    assert.match(await must.textContent(), /疑似遭受家庭暴力.*紧急任务/)
    assert.equal(await must.getByRole('link', { name: '110' }).getAttribute('href'), 'tel:110')
    await fits(page)
    await axe(page)
    await shot(page, 'finding')
  })
  await when('it is saved with a photograph', async () => {
    await page.getByLabel('情况记录').fill('手臂有瘀青，孩子不愿说。已打 110。')
    await page.locator('input[type=file]').setInputFiles({ name: '住处.png', mimeType: 'image/png', buffer: picture })
    await page.getByRole('button', { name: '保存走访' }).click()
  })
  await then('there is a receipt with the next date, and the photograph follows', async () => {
    await page.getByRole('heading', { name: '走访已保存' }).waitFor()
    await page.getByText(/下次走访不晚于 \d{4}-\d{2}-\d{2}/).waitFor()
    await page.getByText('照片 1 / 1').waitFor()
    await page.getByText('已生成“立即报告公安”的紧急任务').waitFor()
    await shot(page, 'receipt')
  })
  await then('the file shows the visit with what was found, and the urgent duty', async () => {
    await page.goto(`/children/${child}`)
    await page.getByText('有发现').first().waitFor()
    await page.getByText('必须报告的情形，立即报告公安').first().waitFor()
    await page.locator('#visits summary').first().click()
    await page.getByText('身上有说不清来历的伤').waitFor()
    await page.getByRole('img', { name: '走访照片 1' }).waitFor()
    await shot(page, 'file')
  })
  await then('the visit is no longer owed today', async () => {
    await page.goto('/')
    await page.locator('.duty').first().waitFor()
    const owed = page.locator('.duty').filter({ hasText: name }).filter({ hasText: '入户走访' })
    if ((await owed.count()) > 0) assert.doesNotMatch(await owed.first().textContent(), /逾期|今天/)
  })
  await then('the county board counts one visit and one duty to report more', async () => {
    const visits = await figures(county, '三.二.6')
    const reports = await figures(county, '四.一.1')
    assert.equal(visits.records, before.visits.records + 1)
    assert.equal(reports.open, before.reports.open + 1)
  })
})

journey('a township types a village’s paper', async ({ assert, desk, axe, shot, signIn, given, when, then }) => {
  const page = await desk()
  await given('the sheets of one village', async () => {
    await signIn(page, 'township')
    await page.goto('/visits/batch')
    await page.getByRole('combobox', { name: '村（社区）' }).click()
    await page.getByRole('option', { name: /./ }).locator('visible=true').first().click()
    await page.getByRole('checkbox', { name: /^录入/ }).first().waitFor()
    await page.locator('.el-select-dropdown:visible').waitFor({ state: 'hidden' }) // it fades
  })
  await when('two rows are ticked, one of them met nobody', async () => {
    const boxes = page.getByRole('checkbox', { name: /^录入/ })
    await boxes.nth(0).check()
    await boxes.nth(1).check()
    await page.getByRole('combobox', { name: /结果$/ }).nth(1).selectOption({ label: '没有见到：家中无人' })
    await axe(page)
    await shot(page, 'ticked')
    await page.getByRole('button', { name: '保存 2 条走访' }).click()
  })
  await then('each is saved by itself and leaves the ticked ones', async () => {
    await page.getByText('已保存 2 条').waitFor()
    assert.equal(await page.getByRole('checkbox', { name: /^录入/, checked: true }).count(), 0)
  })
})

/** One grey pixel. */
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

await finish()
