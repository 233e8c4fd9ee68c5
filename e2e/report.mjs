// The first links of the protection chain: somebody says a child is in danger,
// and from then on the case is never without who owes the next step.
import { finish, journey } from './harness.mjs'

journey('a passer-by reports on a phone, the police accept, and the passer-by is told', async ({ assert, phone, desk, signIn, axe, shot, given, when, then }) => {
  const street = await phone()
  const police = await desk()
  let number
  let secret
  await given('the public page on a phone, without an account', async () => {
    await street.goto('/report')
    await axe(street)
    await shot(street, 'public')
  })
  await when('the report is sent without saying what kind it is', async () => {
    await street.getByLabel('看到或听到了什么').fill('楼下有个女孩经常挨打，胳膊上有伤（虚构）')
    await street.getByLabel('具体在哪里').fill('杏家湾菜市场后面')
    await street.getByRole('button', { name: '提交报告' }).click()
  })
  await then('it says what to add, and what was typed is still there', async () => {
    await street.getByText('请至少选一项；拿不准就选最接近的').waitFor()
    assert.equal(await street.getByLabel('具体在哪里').inputValue(), '杏家湾菜市场后面')
  })
  await when('the line is cut while it is sent, and comes back', async () => {
    await street.goto('/report')
    await street.getByLabel('看到或听到了什么').fill('楼下有个女孩经常挨打，胳膊上有伤（虚构）')
    await street.getByLabel('疑似遭受家庭暴力').check()
    await street.getByLabel('孩子在哪个乡镇').selectOption({ label: '双江街道' })
    await street.context().setOffline(true)
    await street.getByRole('button', { name: '提交报告' }).click()
    await street.getByText('还没有送到，正在重试').waitFor()
    await street.context().setOffline(false)
  })
  await then('it is received, with a number and a secret shown once', async () => {
    await street.getByRole('heading', { name: '报告已收到' }).waitFor()
    const shown = await street.locator('.big').allTextContents()
    number = shown[0]
    secret = shown[1]
    assert.match(number, /^报500235-\d{4}-\d{6}$/)
    await axe(street)
    await shot(street, 'receipt')
  })
  await then('nothing is left in the browser', async () => {
    assert.deepEqual(await street.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ''])
  })
  await when('the police open what they owe first', async () => {
    await signIn(police, 'police')
    await police.goto('/threads')
    await police.getByRole('link', { name: /^案500235/ }).first().click()
    await police.getByText('楼下有个女孩经常挨打').waitFor()
    await axe(police)
    await shot(police, 'thread')
    await police.getByRole('button', { name: '受理', exact: true }).click()
    await police.getByRole('dialog').getByRole('button', { name: '受理', exact: true }).click()
    await police.getByText('应急处置中').waitFor()
  })
  await when('they tell the reporter what became of it', async () => {
    await police.getByRole('button', { name: '告知报告人', exact: true }).click()
    const dialog = police.getByRole('dialog')
    await dialog.getByLabel('内容').fill('已经到场处置，孩子现在安全。')
    await dialog.getByRole('button', { name: '告知报告人', exact: true }).click()
    await police.getByText('已告知报告人：已经到场处置，孩子现在安全。').waitFor()
  })
  await then('the passer-by reads it with number and secret, and nothing else of the case', async () => {
    await street.goto('/report/progress')
    await street.getByLabel('报告编号').fill(number)
    await street.getByLabel('查询码').fill(secret)
    await street.getByRole('button', { name: '查看' }).click()
    await street.getByText('已经到场处置，孩子现在安全。').waitFor()
    assert.equal(await street.getByText('挨打').count(), 0)
    await axe(street)
  })
  await when('somebody comes near and the person leaves the page', async () => {
    await street.route('https://www.weather.com.cn/**', route => route.fulfill({ contentType: 'text/html', body: '<title>天气</title>' }))
    await street.keyboard.press('Escape')
    await street.waitForURL('https://www.weather.com.cn/')
  })
})

journey('a child writes on a page that looks like nothing, on a browser without scripts', async ({ assert, phone, desk, signIn, given, when, then }) => {
  const shared = await phone({ javaScriptEnabled: false })
  const police = await desk()
  await given('the plain page', async () => {
    await shared.goto('/note')
    assert.equal(await shared.title(), '便签')
  })
  await when('the child writes and saves', async () => {
    await shared.getByLabel('想写什么').fill('我叔叔打我，我害怕回家（虚构）')
    await shared.getByLabel('在哪里').fill('双江中心小学三年级')
    await shared.getByLabel('乡镇').selectOption({ label: '双江街道' })
    await shared.getByRole('button', { name: '保存' }).click()
    await shared.getByText('已保存。').waitFor()
  })
  await then('the police have it as the child’s own report', async () => {
    await signIn(police, 'police')
    await police.goto('/threads')
    await police.getByRole('link', { name: /^案500235/ }).first().click()
    await police.getByText('我叔叔打我，我害怕回家').waitFor()
    await police.getByText('儿童自述').waitFor()
  })
})

journey('what a director finds at the door is reported with one action', async ({ assert, phone, signIn, axe, shot, given, when, then }) => {
  const door = await phone()
  await given('a director at the report of a child whose case is not open', async () => {
    await signIn(door, 'village')
    const rows = await door.evaluate(async () => (await (await fetch('/api/children')).json()).rows)
    await door.goto(`/reports/new?child=${rows[rows.length - 1].id}&situations=alone`)
    await door.getByText('已选：').waitFor()
  })
  await then('the child and the situation are filled in already', async () => {
    assert.ok(await door.getByLabel('脱离监护单独居住生活').isChecked())
    await axe(door)
    await shot(door, 'one-action')
  })
  await when('it is sent', async () => {
    await door.getByRole('button', { name: '提交报告' }).click()
    await door.getByRole('heading', { name: '报告已收到' }).waitFor()
  })
  await then('the director sees what becomes of it', async () => {
    await door.getByRole('link', { name: '我的报告' }).click()
    await door.getByText('等待受理').first().waitFor()
  })
})

await finish()
