// axe on every kind of page, at the desk and on the phone: nothing serious.
import { finish, journey } from './harness.mjs'

const county = '500235000000'

for (const size of ['desk', 'phone']) {
  journey(`axe finds nothing serious at the ${size}`, async ({ axe, fits, shot, signIn, then, ...tools }) => {
    const page = await tools[size]()
    const look = async (name, address, act) =>
      then(`${name} is whole and can be read by anyone`, async () => {
        if (address) await page.goto(address)
        await page.waitForLoadState('networkidle')
        if (act) await act()
        await fits(page)
        await axe(page)
        await shot(page, name)
      })

    await signIn(page, 'village')
    await look('home', '/')
    await look('duties', '/duties')
    await look('due', '/visits/due')
    await look('batch', '/visits/batch')
    await look('sheets', '/visits/sheets')
    await look('children', '/children')
    await look('new-child', '/children/new')
    await page.goto('/children')
    await page.locator('main a[href^="/children/0"]').first().click()
    await page.getByRole('heading', { name: '认定' }).waitFor()
    const file = new URL(page.url()).pathname
    await look('file', file, async () => {
      await page.getByRole('button', { name: '查看时间线' }).click()
      await page.getByText('登记建档').or(page.getByText('登记走访')).first().waitFor()
    })
    await look('fact', file, async () => {
      await page.getByRole('button', { name: '记录事实' }).first().click()
      const dialog = page.getByRole('dialog', { name: '记录事实' })
      await dialog.getByText('父亲').click()
      await dialog.getByText('外出务工').click()
      await dialog.getByText('在哪里').or(dialog.getByText('从哪天起')).first().waitFor()
    })
    await look('edit', `${file}/edit`)
    await look('visit', `${file}/visit`, async () => {
      await page.getByText('见到了', { exact: true }).click()
      await page.getByText('有变化', { exact: true }).first().click()
      await page.getByText('独自居住，没有成年人同住').click()
      await page.getByText('请立即拨打 110').waitFor()
    })
    await page.context().close()

    for (const [username, pages] of Object.entries({
      supervision: [
        ['overview', '/overview'],
        ['town', `/overview?region=500235001000`],
        ['clauses', '/clauses'],
        ['clause', '/clauses/三-二-6'],
        ['by-clause', '/duties?view=clause'],
        ['by-place', `/duties?view=place`],
        ['late', `/duties?view=late&region=${county}`],
      ],
      civilaffairs: [
        ['imports', '/imports'],
        ['numbers', '/policy'],
        ['password', '/password'],
      ],
      security: [
        ['people', '/people'],
        ['organisations', '/organisations'],
      ],
      auditor: [['journal', '/journal']],
    })) {
      const other = await tools[size]()
      await signIn(other, username)
      for (const [name, address] of pages) {
        await then(`${name} is whole and can be read by anyone`, async () => {
          await other.goto(address)
          await other.waitForLoadState('networkidle')
          await fits(other)
          await axe(other)
          await shot(other, name)
        })
      }
      await other.context().close()
    }
  })
}

await finish()
