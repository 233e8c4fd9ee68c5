// Where two people's work meets: the same file edited at once, a child moving
// from one village to another, a duty given to one holder of a post.
import { ask, finish, journey } from './harness.mjs'

const postOf = async page => (await ask(page, '/api/session')).posts[0]

journey('two people edit one file, and nothing typed is lost', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const village = await desk()
  const township = await desk()
  let child
  await given('a director and a supervisor with the same file open', async () => {
    await signIn(village, 'village')
    await signIn(township, 'township')
    child = (await ask(village, '/api/children')).rows[0]
    for (const page of [village, township]) {
      await page.goto(`/children/${child.id}/edit`)
      await page.getByLabel('组和门牌').waitFor()
    }
  })
  await when('the director saves first', async () => {
    await village.getByLabel('组和门牌').fill('8组88号')
    await village.getByLabel('学校').fill('云水小学')
    await village.getByRole('button', { name: '保存', exact: true }).click()
    await village.waitForURL(at => at.pathname === `/children/${child.id}`)
    await village.getByText('8组88号').waitFor()
  })
  await when('the supervisor saves another content', async () => {
    await township.getByLabel('学校').fill('清水小学')
    await township.getByLabel('年级').fill('三年级二班')
    await township.getByRole('button', { name: '保存', exact: true }).click()
  })
  await then('it is said that somebody was quicker, and all that was typed is still there', async () => {
    await township.getByText('您填写的内容还在。请先查看最新内容，再决定如何修改。').waitFor()
    assert.equal(await township.getByLabel('学校').inputValue(), '清水小学')
    assert.equal(await township.getByLabel('年级').inputValue(), '三年级二班')
  })
  await then('both contents stand side by side', async () => {
    await township.getByRole('button', { name: '查看最新内容' }).click()
    const both = township.getByRole('alert').filter({ hasText: '这份档案刚刚被别人改过' })
    const cells = async label => (await both.getByRole('row').filter({ has: township.getByRole('rowheader', { name: label }) }).getByRole('cell').allTextContents()).map(s => s.trim())
    await both.getByRole('row').nth(1).waitFor()
    assert.deepEqual(await cells('学校'), ['云水小学', '清水小学'])
    assert.deepEqual(await cells('组和门牌'), ['8组88号', '（没有改）'])
    await axe(township)
    await shot(township, 'both')
  })
  await when('the supervisor has looked and saves', async () => {
    await township.getByRole('button', { name: '已核对，用我填写的保存' }).click()
    await township.waitForURL(at => at.pathname === `/children/${child.id}`)
  })
  await then('the file holds what the supervisor typed, and the director’s where the supervisor typed nothing', async () => {
    await township.getByText('清水小学 三年级二班').waitFor()
    await township.getByText('8组88号').waitFor()
  })
})

journey('a child moves to another village, and the other side accepts', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const giving = await desk()
  const taking = await desk()
  let child
  let there
  await given('a child of a neighbouring village, and the director of the village where it now lives', async () => {
    await signIn(taking, 'village')
    there = (await postOf(taking)).region
    await signIn(giving, 'township')
    const moving = new Set((await ask(giving, '/api/moves')).map(m => m.child_id))
    child = (await ask(giving, '/api/children?state=registered')).rows.find(c => c.region !== there && c.region.slice(9) !== '000' && !moving.has(c.id))
    assert.ok(child, 'the town has no child outside the demonstration’s village')
  })
  await when('the township offers the file', async () => {
    await giving.goto(`/children/${child.id}`)
    await giving.getByRole('button', { name: '迁移', exact: true }).click()
    const dialog = giving.getByRole('dialog', { name: '迁移到别的村（社区）' })
    const town = `${there.slice(0, 9)}000`
    for (const [level, parent, code] of [['乡镇（街道）', `${there.slice(0, 6)}000000`, town], ['村（社区）', town, there]]) {
      const { name } = (await ask(giving, `/api/regions?parent=${parent}`)).find(r => r.code === code)
      await dialog.getByRole('combobox', { name: level }).click()
      await giving.getByRole('option', { name, exact: true }).locator('visible=true').click()
    }
    await dialog.getByLabel('原因').fill('随外婆搬来居住')
    await dialog.getByRole('button', { name: '提出迁移' }).click()
    await dialog.waitFor({ state: 'detached' })
  })
  await then('until the other side answers, the child stays where it was', async () => {
    await giving.getByText(/正在迁往.*等对方接收/).waitFor()
    assert.equal((await ask(giving, `/api/children/${child.id}`)).child.region, child.region)
  })
  await when('the director of the other village accepts it', async () => {
    await taking.goto('/')
    const line = taking.locator('#moves li').filter({ hasText: child.name }).filter({ hasText: '随外婆搬来居住' })
    await line.getByRole('button', { name: '接收' }).click()
    const dialog = taking.getByRole('dialog', { name: `接收${child.name}的档案？` })
    await axe(taking)
    await shot(taking, 'accept')
    await dialog.getByRole('button', { name: '接收' }).click()
    await line.waitFor({ state: 'detached' })
  })
  await then('the file is the new village’s, and so is what is owed', async () => {
    await taking.goto(`/children/${child.id}`)
    await taking.getByRole('heading', { name: child.name }).waitFor()
    assert.equal((await ask(taking, `/api/children/${child.id}`)).child.region, there)
    const owed = (await ask(taking, `/api/duties?child=${child.id}`)).rows
    assert.ok(owed.length > 0, 'nothing is owed for the child')
    for (const d of owed) assert.equal(d.region, there, d.title)
    await giving.reload()
    await giving.getByRole('heading', { name: child.name }).waitFor()
    assert.equal(await giving.getByText(/正在迁往/).count(), 0)
  })
})

journey('a duty is given to one holder of a post', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const [security, township, first, second] = [await desk(), await desk(), await desk(), await desk()]
  const password = 'watch-over-second'
  let duty
  await given('a village with two directors', async () => {
    await signIn(first, 'village')
    const { region } = await postOf(first)
    await signIn(security, 'security')
    const office = (await ask(security, `/api/organisations?after=${region}`)).rows.find(o => o.region === region && o.kind === 'village_committee')
    const post = { role: 'village_director', organisation_id: office.id, region }
    const { code } = await ask(security, '/api/people', 'POST', { ...post, name: '冉小河', username: 'second' })
    await second.goto('/activate')
    await second.getByRole('textbox', { name: /^账号/ }).fill('second')
    await second.getByRole('textbox', { name: /^激活码/ }).fill(code)
    await second.getByRole('textbox', { name: /^新密码/ }).fill(password)
    await second.getByRole('textbox', { name: /^再输入一次新密码/ }).fill(password)
    await second.getByRole('button', { name: '保存', exact: true }).click()
    await second.getByRole('heading', { name: '冉小河，您好' }).waitFor()
    duty = (await ask(first, '/api/duties?mine=true&rule=visit.routine')).rows[0]
  })
  await when('the township supervisor hands a visit to the second', async () => {
    await signIn(township, 'township')
    await township.goto(`/duties/${duty.id}`)
    await township.getByRole('button', { name: '转交' }).click()
    const dialog = township.getByRole('dialog', { name: `转交任务：${duty.title}` })
    await dialog.getByRole('radio', { name: /^冉小河/ }).check()
    await axe(township)
    await shot(township, 'hand')
    await dialog.getByRole('button', { name: '转交' }).click()
    await dialog.waitFor({ state: 'detached' })
  })
  await then('the page says with whom it lies now', async () => {
    const line = township.locator('.duty')
    await line.getByText('冉小河').waitFor()
    assert.doesNotMatch(await line.textContent(), new RegExp((await ask(first, '/api/session')).account.name))
  })
  await then('the second is told, and sees it among their own', async () => {
    await second.reload()
    await second.getByRole('button', { name: /^通知，\d+ 条未读/ }).click()
    await second.getByRole('link', { name: '有一项任务指定由您办理。' }).click()
    await second.waitForURL(at => at.pathname === `/duties/${duty.id}`)
    await second.locator('.duty').filter({ hasText: duty.child_name }).getByRole('link', { name: '去走访' }).waitFor()
    await shot(second, 'told')
    assert.ok((await ask(second, `/api/duties?mine=true&child=${duty.child_id}`)).rows.some(d => d.id === duty.id))
  })
  await then('it is no longer among the first director’s', async () => {
    assert.ok(!(await ask(first, `/api/duties?mine=true&child=${duty.child_id}`)).rows.some(d => d.id === duty.id))
  })
})

journey('a file out of reach is opened in an emergency, and another person says there was no reason', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const village = await desk()
  const county = await desk()
  let child
  await given('a child of another town, whose file number is known', async () => {
    await signIn(village, 'village')
    await signIn(county, 'civilaffairs')
    const own = (await postOf(village)).region.slice(0, 9)
    child = (await ask(county, '/api/children')).rows.find(c => !c.region.startsWith(own))
    await village.goto(`/children/${child.id}`)
    await village.getByText('没有找到').first().waitFor()
  })
  await when('the director opens the file with a reason', async () => {
    await village.goto('/openings')
    await village.getByRole('button', { name: '紧急查阅档案' }).click()
    const dialog = village.getByRole('dialog')
    await dialog.getByLabel('身份证号或档案编号').fill(child.number)
    await dialog.getByRole('button', { name: '查阅', exact: true }).click()
    await dialog.getByText('请写明原因，至少六个字').waitFor()
    await dialog.getByLabel('为什么现在需要查阅').fill('孩子走失到本村，要找监护人')
    await axe(village)
    await shot(village, 'asked')
    await dialog.getByRole('button', { name: '查阅', exact: true }).click()
  })
  await then('the file is there at once', async () => {
    await village.waitForURL(at => at.pathname === `/children/${child.id}`)
    await village.getByRole('heading', { name: child.name }).waitFor()
  })
  await when('civil affairs find that there was no reason', async () => {
    await county.goto('/openings')
    await county.getByText('孩子走失到本村，要找监护人').waitFor()
    await axe(county)
    await shot(county, 'waiting')
    await county.getByRole('button', { name: '理由不成立' }).click()
    await county.getByRole('dialog').getByRole('button', { name: '理由不成立' }).click()
    await county.getByRole('cell', { name: '理由不成立' }).waitFor()
  })
  await then('it is closed to the director again, who sees why', async () => {
    await village.reload()
    await village.getByText('没有找到').first().waitFor()
    await village.goto('/openings')
    await village.getByText('理由不成立').waitFor()
  })
})

await finish()
