// What happens to one child's file over time: leaving the register and coming
// back, a sealed number looked at, a visit corrected, a large photograph.
import zlib from 'node:zlib'
import { ask, finish, journey } from './harness.mjs'

journey('a child leaves the register and returns', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const page = await desk()
  let child
  const owed = async () => (await ask(page, `/api/duties?child=${child.id}&rule=visit.routine`)).rows.length
  await given('a supervisor at the file of a child who is owed visits', async () => {
    await signIn(page, 'township')
    const { rows } = await ask(page, '/api/duties?rule=visit.routine')
    child = { id: rows[0].child_id, name: rows[0].child_name }
    await page.goto(`/children/${child.id}`)
  })
  await when('the child leaves the register', async () => {
    await page.getByRole('button', { name: '退出台账' }).click()
    const dialog = page.getByRole('dialog', { name: '退出台账' })
    await dialog.getByRole('button', { name: '退出台账' }).click()
    await dialog.getByText('请选择退出原因').waitFor()
    await dialog.getByRole('radio').first().check()
    await axe(page)
    await shot(page, 'leaving')
    await dialog.getByRole('button', { name: '退出台账' }).click()
    await dialog.waitFor({ state: 'detached' })
  })
  await then('the file says since when and why, and no visit is owed any more', async () => {
    await page.getByText(/\d{4}-\d{2}-\d{2} 退出台账：\S+/).waitFor()
    await page.locator('.who').getByText('已退出').waitFor()
    assert.equal(await page.getByRole('button', { name: '登记走访' }).count(), 0)
    assert.ok(await page.getByRole('button', { name: '修改' }).isDisabled())
    assert.equal(await owed(), 0)
  })
  await then('it is found among those who left', async () => {
    await page.goto('/children?state=left')
    await page.getByRole('link', { name: child.name }).first().click()
  })
  await when('the child returns', async () => {
    await page.getByRole('button', { name: '恢复在册' }).click()
    await page.getByRole('dialog', { name: '恢复在册？' }).getByRole('button', { name: '恢复在册' }).click()
  })
  await then('it is on the register again, and a visit is owed', async () => {
    await page.locator('.who').getByText('在册').waitFor()
    await page.getByText(/退出台账：/).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: '登记走访' }).waitFor()
    assert.equal(await owed(), 1)
  })
})

journey('a sealed number is looked at, and the audit administrator sees why', async ({ assert, desk, phone, signIn, axe, shot, given, when, then }) => {
  const page = await phone()
  const audit = await desk()
  const reason = '核对医保参保登记'
  let child
  let author
  await given('a director at a file that shows the number masked', async () => {
    await signIn(page, 'village')
    author = (await ask(page, '/api/session')).account.name
    child = (await ask(page, '/api/children?identity=held')).rows[0]
    await page.goto(`/children/${child.id}`)
  })
  let masked
  let number
  await when('the director says why and looks', async () => {
    masked = (await ask(page, `/api/children/${child.id}`)).child.identity
    await page.locator('#particulars').getByText(masked).waitFor()
    await page.getByRole('button', { name: '显示身份证号' }).first().click()
    const dialog = page.getByRole('dialog', { name: '查看身份证号' })
    await dialog.getByRole('textbox').fill(reason)
    await dialog.getByRole('button', { name: '显示', exact: true }).click()
  })
  await then('the whole number stands there, and can be hidden again', async () => {
    const shown = page.locator('#particulars').getByRole('status')
    number = (await shown.textContent()).trim()
    assert.match(number, /^\d{17}[\dX]$/)
    assert.equal(number.slice(0, 4) + number.slice(-3), masked.slice(0, 4) + masked.slice(-3))
    await page.getByRole('button', { name: '隐藏身份证号' }).click()
    await shown.waitFor({ state: 'detached' })
  })
  await then('the audit administrator finds who looked and why, without the number or the child’s name', async () => {
    await signIn(audit, 'auditor')
    await audit.goto('/journal')
    const line = audit.getByRole('row').filter({ hasText: reason })
    await line.waitFor()
    const said = await line.textContent()
    assert.ok(said.includes(author) && said.includes('查看') && said.includes(child.id), said)
    const whole = await audit.locator('main').textContent()
    assert.ok(!whole.includes(number) && !whole.includes(child.name), 'the journal names the child')
    await axe(audit)
    await shot(audit, 'journal')
  })
})

journey('a visit is corrected, and the first record stays', async ({ assert, phone, signIn, axe, fits, shot, given, when, then }) => {
  const page = await phone()
  let child
  const visits = page.locator('#visits details')
  await given('a director at a file with a visit', async () => {
    await signIn(page, 'village')
    for (const { id } of (await ask(page, '/api/children?state=registered')).rows) {
      const made = await ask(page, `/api/children/${id}/visits`)
      if (made.length > 0 && !made[0].corrected_by) child = { id, visits: made }
      if (child) break
    }
    assert.ok(child, 'no child of the village was visited')
    await page.goto(`/children/${child.id}`)
    await visits.first().waitFor()
  })
  await when('the newest visit is corrected', async () => {
    await visits.first().locator('summary').click()
    await visits.first().getByRole('link', { name: '更正' }).click()
    await page.getByText(`更正 ${child.visits[0].visited_on} 的走访。原记录会保留，并注明已更正。`).waitFor()
    if (child.visits[0].outcome === 'met') assert.ok(await page.getByRole('radio', { name: '见到了' }).isChecked())
    assert.equal(await page.getByLabel('情况记录').inputValue(), child.visits[0].content.note ?? '')
    await page.getByLabel('情况记录').fill('上次记错了：照料人是外婆，不是奶奶。')
    await axe(page)
    await page.getByRole('button', { name: '保存走访' }).click()
    await page.getByRole('heading', { name: '走访已保存' }).waitFor()
  })
  await then('the file shows both, the first one as corrected', async () => {
    await page.getByRole('link', { name: '看档案' }).click()
    const corrected = visits.filter({ hasText: '已更正' })
    const correction = visits.filter({ hasText: '更正前一条' })
    await corrected.first().waitFor()
    assert.equal(await visits.count(), child.visits.length + 1)
    assert.equal(await corrected.count(), 1)
    await correction.locator('summary').click()
    await correction.getByText('上次记错了：照料人是外婆，不是奶奶。').waitFor()
    await corrected.locator('summary').click()
    await corrected.getByText(`录入`).waitFor()
    if (child.visits[0].content.note) await corrected.getByText(child.visits[0].content.note).waitFor()
    await fits(page)
    await shot(page, 'corrected')
  })
  await then('what was corrected cannot be corrected a second time', async () => {
    assert.equal(await visits.filter({ hasText: '已更正' }).getByRole('link', { name: '更正' }).count(), 0)
  })
})

journey('a photograph larger than a village’s line carries', async ({ assert, phone, signIn, shot, given, when, then }) => {
  const page = await phone()
  const picture = noise(2000, 1000)
  assert.ok(picture.length > 3 * 1024 * 1024 && picture.length < 12 * 1024 * 1024)
  let child
  await given('a visit being recorded', async () => {
    await signIn(page, 'village')
    child = (await ask(page, '/api/children?state=registered')).rows[0]
    await page.goto(`/children/${child.id}/visit`)
    await page.getByText('见到了', { exact: true }).click()
  })
  await when('it is saved with a photograph of six megabytes', async () => {
    await page.locator('input[type=file]').setInputFiles({ name: '住处.png', mimeType: 'image/png', buffer: picture })
    await page.getByRole('button', { name: '保存走访' }).click()
    await page.getByRole('heading', { name: '走访已保存' }).waitFor()
  })
  await then('it arrives', () => page.getByText('照片 1 / 1').waitFor())
  await then('the file shows it', async () => {
    await page.getByRole('link', { name: '看档案' }).click()
    const visit = page.locator('#visits details').first()
    await visit.locator('summary').click()
    const shown = visit.getByRole('img', { name: '走访照片 1' })
    await shown.scrollIntoViewIfNeeded()
    await page.waitForFunction(() => document.querySelector('#visits img')?.complete)
    assert.deepEqual(await shown.evaluate(img => [img.naturalWidth, img.naturalHeight]), [1600, 800])
    await shot(page, 'photo')
  })
  await then('it went over the line smaller than it was taken', async () => {
    const came = await page.evaluate(async () => (await (await fetch(`${document.querySelector('#visits img').src}?original=1`)).arrayBuffer()).byteLength)
    assert.ok(came > 0 && came < picture.length / 2, `${came} of ${picture.length} bytes were sent`)
  })
})

journey('a name is opened while a search is still being typed', async ({ assert, desk, signIn, given, when, then }) => {
  const page = await desk()
  let link
  await given('a list in sight, and a line on which pages come slowly', async () => {
    await signIn(page, 'village')
    await page.goto('/children')
    link = page.getByRole('rowheader').getByRole('link').first()
    await link.waitFor()
    await page.route(/\/ChildPage-[^/]*\.js$/, async route => {
      await new Promise(resolve => setTimeout(resolve, 1000)) // longer than typing rests
      await route.continue()
    })
  })
  await when('letters are typed and a name is clicked at once', async () => {
    await page.getByPlaceholder('姓名、拼音首字母、证件号').last().fill('x')
    await link.click()
  })
  await then('the file opens, and the search does not fetch the list back', async () => {
    await page.locator('#particulars').waitFor()
    assert.equal(new URL(page.url()).search, '')
  })
})

/** A PNG of that many pixels that cannot be compressed, as a camera's is. */
function noise(width, height) {
  let seed = 1
  const rows = Buffer.alloc(height * (1 + 3 * width))
  for (let i = 0; i < rows.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    rows[i] = i % (1 + 3 * width) === 0 ? 0 : seed >>> 24
  }
  const chunk = (type, data) => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const out = Buffer.alloc(named.length + 8)
    out.writeUInt32BE(data.length)
    named.copy(out, 4)
    out.writeUInt32BE(zlib.crc32(named), named.length + 4)
    return out
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8) // eight bits of red, green and blue
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))])
}

await finish()
