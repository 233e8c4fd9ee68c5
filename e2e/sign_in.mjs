// The first thing anyone does: signing in, at a desk and on a phone.
import { finish, journey } from './harness.mjs'

journey('an officer signs in, and what was asked for opens', async ({ assert, axe, fits, desk, shot, given, when, then }) => {
  const page = await desk()
  await given('someone who is not signed in', async () => {
    await page.goto('/no-such-page?a=1')
    await page.waitForURL(at => at.pathname === '/sign-in' && at.searchParams.get('next') === '/no-such-page?a=1')
    await axe(page)
    await shot(page, 'sign-in')
  })
  await when('nothing is filled in', () => page.getByRole('button', { name: '登录', exact: true }).click())
  await then('each field says what it needs', async () => {
    await page.getByText('请填写用户名').waitFor()
    await page.getByText('请填写密码').waitFor()
  })
  await when('the password is wrong', async () => {
    await page.getByLabel('用户名').fill('township')
    await page.getByLabel('密码', { exact: true }).fill('not-the-password')
    await page.getByRole('button', { name: '登录', exact: true }).click()
  })
  await then('it is said without saying which of the two was wrong', async () => {
    await page.getByText('密码不对').waitFor()
    assert.ok(page.url().includes('/sign-in'))
  })
  await when('a demonstration account is picked', async () => {
    await page.getByRole('listitem').getByRole('button').first().click()
    assert.notEqual(await page.getByLabel('密码', { exact: true }).inputValue(), 'not-the-password')
    await page.getByRole('button', { name: '登录', exact: true }).click()
  })
  await then('the page first asked for opens', async () => {
    await page.waitForURL(at => at.pathname === '/no-such-page' && at.search === '?a=1')
    await page.getByRole('heading', { name: '没有找到这一页' }).waitFor()
    await page.getByRole('link', { name: '回到首页' }).click()
    await page.getByRole('heading', { name: '您好' }).waitFor()
    await fits(page)
    await axe(page)
    await shot(page, 'home')
  })
})

journey('signing out closes the door', async ({ phone, signIn, axe, fits, shot, given, when, then }) => {
  const page = await phone()
  await given('an officer on a phone', async () => {
    await signIn(page, 'township')
    await page.getByRole('heading', { name: '您好' }).waitFor()
    await fits(page)
    await axe(page)
    await shot(page, 'home')
  })
  await when('signing out', async () => {
    await page.getByRole('button', { name: '的账户' }).click()
    await page.getByRole('button', { name: '退出' }).click()
    await page.waitForURL('**/sign-in')
  })
  await then('going back does not bring the page back', async () => {
    await page.goto('/')
    await page.waitForURL(at => at.pathname === '/sign-in')
    await page.getByRole('button', { name: '登录', exact: true }).waitFor()
  })
})

journey('nobody is led to a stranger after signing in', async ({ assert, desk, then }) => {
  for (const next of ['//evil.example/', '/\\evil.example', 'https://evil.example/']) {
    await then(`?next=${next} is not followed`, async () => {
      const page = await desk()
      await page.goto(`/sign-in?next=${encodeURIComponent(next)}`)
      await page.getByRole('listitem').getByRole('button').first().click()
      await page.getByRole('button', { name: '登录', exact: true }).click()
      await page.getByRole('heading', { name: '您好' }).waitFor()
      assert.equal(new URL(page.url()).pathname, '/')
    })
  }
})

await finish()
