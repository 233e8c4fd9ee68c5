// The protection chain walked by those who walk it: each of the situations of
// the plan, from the report to where it ends, across four posts and more.
import { ask, finish, journey } from './harness.mjs'

/** Files a report as the village and returns the case's id, accepted by the police. */
async function opened(reporter, police, situation, account) {
  const id = crypto.randomUUID()
  const region = (await ask(police, '/api/session')).posts[0].region
  await ask(reporter, '/api/reports', 'POST', { id, region, situations: [situation], content: { account, child_name: account.slice(0, 3) }, reporter: {} })
  const row = (await ask(police, '/api/threads')).rows.find(r => r.child_name === account.slice(0, 3))
  await ask(police, `/api/threads/${row.id}/acceptance`, 'POST')
  return row.id
}

/** Fills the form of a record and saves it. A field is [its label, what is typed or chosen]. */
async function fill(page, fields) {
  for (const [label, value] of fields) {
    const form = page.locator('form.form')
    const group = form.locator('fieldset').filter({ has: page.locator('legend', { hasText: label }) })
    if ((await group.count()) > 0) await group.first().getByLabel(value, { exact: true }).check()
    else if (typeof value === 'object') {
      await form.getByLabel(label).click()
      await form.getByLabel(label).fill(value.unit)
      await page.getByRole('option', { name: value.unit }).first().click()
    } else await form.getByLabel(label).first().fill(value)
  }
  await page.getByRole('button', { name: '保存记录' }).click()
  await page.waitForURL(at => /^\/threads\/[^/]+$/.test(at.pathname))
}

/** Begins a line in a panel of the case's page. */
async function begin(page, thread, panel, kind, fields) {
  await page.goto(`/threads/${thread}`)
  await page.getByLabel(`${panel}：登记什么`).selectOption({ label: kind })
  await page.getByRole('heading', { name: `${panel} · ${kind}` }).waitFor()
  await fill(page, fields)
}

/** Goes on with the newest line on which that may be written. */
async function goOn(page, thread, kind, fields) {
  await page.goto(`/threads/${thread}`)
  await page.locator('.go').filter({ hasText: new RegExp(`^\\s*${kind}\\s*$`) }).first().click()
  await page.getByRole('heading', { name: new RegExp(`· ${kind}`) }).waitFor()
  await fill(page, fields)
}

const unitOf = async page => ({ unit: (await ask(page, '/api/session')).posts[0].organisation })
const soon = days => new Date(Date.now() + days * 86_400_000 + 8 * 3600_000).toISOString().slice(0, 10)

journey('a child lives alone: order, escort handed over by both sides, notice, and the parents answer', async ({ assert, desk, phone, signIn, axe, fits, shot, given, when, then }) => {
  const [village, police, relief, township] = [await phone(), await desk(), await desk(), await desk()]
  let thread
  let shelter
  await given('a case the village reported and the police accepted', async () => {
    for (const [page, name] of [[village, 'village'], [police, 'police'], [relief, 'relief'], [township, 'township']]) await signIn(page, name)
    thread = await opened(village, police, 'alone', '小豆子一个人在家第四天（虚构）')
    shelter = await unitOf(relief)
  })
  await when('the police open it, the first step is suggested and written down', async () => {
    await police.goto(`/threads/${thread}`)
    await police.getByRole('heading', { name: '建议的下一步' }).waitFor()
    await axe(police)
    await shot(police, 'suggested')
    await police.getByRole('link', { name: '到场先行处置' }).click()
    await police.getByRole('button', { name: '保存记录' }).click()
    await police.getByText('处置民警：请填写').waitFor()
    await axe(police)
    await shot(police, 'asks')
    await fill(police, [['处置民警', '民警甲（虚构）'], ['孩子现在', '安全'], ['现场情况和采取的措施', '孩子在家，已请邻居照看（虚构）']])
  })
  await when('the line is cut while the order is written', async () => {
    await police.goto(`/threads/${thread}/write/return_order`)
    await police.locator('fieldset').filter({ hasText: '责令对象' }).getByLabel('父母双方').check()
    await police.getByRole('textbox', { name: '限期' }).fill(soon(2))
    await police.waitForTimeout(900)
    await police.reload()
  })
  await then('what was filled in is still there, and is saved', async () => {
    await police.getByText('已恢复').waitFor()
    assert.ok(await police.locator('fieldset').filter({ hasText: '责令对象' }).getByLabel('父母双方').isChecked())
    await fill(police, [['送达方式', '电话告知并记录'], ['要求', '立即返回']])
    await police.getByText('核实父母是否做到').first().waitFor()
  })
  await when('nobody is reached and the child is escorted to the institution', async () => {
    await begin(police, thread, '应急处置', '护送并交接', [['接收单位', shelter], ['护送去向', '救助管理机构'], ['接收人', '站长（虚构）'], ['孩子的身体状况', '良好']])
  })
  await then('the institution sees its own line and nothing else, and confirms', async () => {
    await relief.goto(`/threads/${thread}`)
    await relief.getByRole('heading', { name: '护送并交接' }).waitFor()
    assert.equal(await relief.getByText('到场先行处置').count(), 0)
    await goOn(relief, thread, '确认接收', [['接收时孩子的状况', '良好，已吃饭']])
    await axe(relief)
    await shot(relief, 'received')
  })
  await when('the police tell the township', async () => {
    await begin(police, thread, '应急处置', '通报乡镇（街道）', [['案件情况', '独居四天（虚构）'], ['已采取的措施', '责令返回、护送'], ['请乡镇办理的事项', '请评估']])
  })
  await then('the township owes the assessment, on a page that fits a phone', async () => {
    await township.goto(`/threads/${thread}`)
    await township.getByText('会同开展调查评估').first().waitFor()
    await township.getByText('调查评估中').first().waitFor()
    await shot(township, 'township')
    await village.goto(`/threads/${thread}`)
    await fits(village)
  })
})

journey('a guardian fails: several offices assess, the conference signs, help is planned, referred and done', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const [village, police, school, township, civil] = [await desk(), await desk(), await desk(), await desk(), await desk()]
  let thread
  let asked
  await given('a case of which the township was told', async () => {
    for (const [page, name] of [[village, 'village'], [police, 'police'], [school, 'school'], [township, 'township'], [civil, 'civilaffairs']]) await signIn(page, name)
    thread = await opened(village, police, 'not_performing', '小麦苗两个星期没人做饭（虚构）')
    asked = await unitOf(school)
    await begin(police, thread, '应急处置', '通报乡镇（街道）', [['案件情况', '无人照料（虚构）'], ['已采取的措施', '已到场'], ['请乡镇办理的事项', '请评估']])
  })
  await when('the township asks the school, and the school answers', async () => {
    await begin(township, thread, '调查评估', '邀请协助评估', [['单位', asked], ['请说明的问题', '在校情况']])
    await goOn(school, thread, '提交评估意见', [['孩子的安全处境', '独自走山路上学（虚构）']])
  })
  await when('it visits, hears the child and answers the scale', async () => {
    await begin(township, thread, '调查评估', '入户调查', [['调查人员', '督导员、社工（虚构）'], ['地点', '家中'], ['生活情况', '三餐不定'], ['家庭情况', '父母在外'], ['监护情况', '奶奶病重']])
    await begin(township, thread, '调查评估', '听取孩子的意见', [['方式', '单独交谈'], ['孩子的话和愿望', '想妈妈']])
    await township.getByLabel('调查评估：登记什么').selectOption({ label: '填写评估量表' })
    await township.getByText('平时由谁照料').waitFor()
    await axe(township)
    await shot(township, 'scale')
    await township.getByLabel('没有成年人同住').check()
    await township.getByRole('button', { name: '保存记录' }).click()
    await township.getByText('10/82 分，极高').waitFor()
  })
  await when('the conference decides and the police sign', async () => {
    await begin(township, thread, '调查评估', '会商并作出结论', [['参加单位和人员', '派出所、学校、村委会（虚构）'], ['风险等级', '高'], ['会商意见', '监护严重不足'], ['决定', '制定帮扶方案']])
    await goOn(police, thread, '会签', [['意见', '同意']])
    await goOn(township, thread, '评估结论生效', [['评估结论', '高风险，需要帮扶']])
  })
  await then('help is planned, referred to the school and done by it', async () => {
    await township.getByText('帮扶中').first().waitFor()
    await begin(township, thread, '帮扶', '制定帮扶方案', [['个案负责人', '社工乙（虚构）'], ['目标', '每天有热饭'], ['措施和分工', '学校供午餐'], ['跟踪频次', '每周'], ['首次复核', soon(10)], ['结案标准', '母亲返回']])
    await begin(township, thread, '帮扶', '转介服务', [['提供单位', asked], ['服务', '心理疏导'], ['要达到的目的', '愿意开口'], ['办结期限', soon(20)]])
    await goOn(school, thread, '接受转介', [['承办人', '心理老师（虚构）']])
    await goOn(school, thread, '服务办结', [['结果', '达到目的'], ['说明', '情绪平稳']])
  })
  await then('it is not closed while the hazards remain, and then it is', async () => {
    await goOn(township, thread, '复核帮扶进展', [['目标进展', '已供餐'], ['安全隐患', '仍有'], ['下次复核', soon(20)]])
    await township.goto(`/threads/${thread}`)
    await township.locator('.go').filter({ hasText: /^\s*结案\s*$/ }).click()
    await township.getByLabel('结案标准的达到情况').fill('母亲已返回（虚构）')
    await township.getByRole('textbox', { name: '首次回访' }).fill(soon(30))
    await township.getByRole('button', { name: '保存记录' }).click()
    await township.getByText('最近一次复核时安全隐患还没有排除').waitFor()
    assert.equal(await township.getByLabel('结案标准的达到情况').inputValue(), '母亲已返回（虚构）')
    await shot(township, 'refused')
    await goOn(township, thread, '复核帮扶进展', [['目标进展', '全部做到'], ['安全隐患', '已排除'], ['下次复核', soon(20)]])
    await goOn(township, thread, '结案', [['结案标准的达到情况', '母亲已返回（虚构）'], ['首次回访', soon(30)]])
    await township.getByText('已结案').first().waitFor()
    await township.getByText('结案后回访').first().waitFor()
    await axe(township)
    await shot(township, 'closed')
  })
})

journey('a child is lost and found', async ({ assert, desk, phone, signIn, axe, fits, shot, given, when, then }) => {
  const [village, police, township, hospital, street] = [await phone(), await desk(), await desk(), await desk(), await phone()]
  let thread
  let poster
  await given('a report by a hospital that a child was not brought home', async () => {
    for (const [page, name] of [[village, 'village'], [police, 'police'], [township, 'township'], [hospital, 'hospital']]) await signIn(page, name)
    thread = await opened(hospital, police, 'missing', '小石头复诊后没有回家（虚构）')
  })
  await when('the police begin the search and broadcast it', async () => {
    const place = (await ask(village, '/api/session')).posts[0].region
    await ask(police, `/api/threads/${thread}/place`, 'POST', { region: place })
    await begin(police, thread, '应急处置', '启动失踪儿童查找', [['最后见到的地点', '县医院门口'], ['体貌和衣着', '红色外套']])
    await goOn(police, thread, '发布寻人启事', [['姓名或称呼', '小石头（虚构）'], ['年龄、体貌和衣着', '十岁，红色外套'], ['走失的时间和地点', '今天上午，县医院门口'], ['线索电话', '023-00000000'], ['公开到哪天', soon(5)]])
    poster = await police.getByRole('link', { name: /\/missing\// }).first().getAttribute('href')
    await goOn(police, thread, '向周边发布协查', [['范围', '全乡镇各村'], ['协查内容', '小石头，十岁，红色外套（虚构）']])
  })
  await then('the village is told at once, and the notice names nobody', async () => {
    await village.goto('/')
    await village.getByRole('button', { name: /^通知/ }).click()
    await village.getByText('附近有儿童走失').first().waitFor()
    assert.equal(await village.getByText('小石头').count(), 0)
    await shot(village, 'told')
  })
  await then('anybody reads the poster on a phone, and the officer’s page fits one', async () => {
    await street.goto(poster)
    await street.getByText('小石头（虚构）').waitFor()
    await fits(street)
    await axe(street)
    await shot(street, 'poster')
    await police.setViewportSize({ width: 390, height: 844 })
    await police.goto(`/threads/${thread}`)
    await police.getByText('发布寻人启事').first().waitFor()
    await fits(police)
    await police.setViewportSize({ width: 1366, height: 768 })
  })
  await when('a sighting is written down, and the child is found', async () => {
    await goOn(police, thread, '登记线索', [['地点', '汽车站'], ['线索内容和核查结果', '检票员见过（虚构）']])
    await goOn(police, thread, '已找到', [['找到的地点', '外婆家'], ['孩子的状况', '平安']])
  })
  await then('the poster is down', async () => {
    await street.reload()
    await street.getByText('这份寻人启事已经撤下').waitFor()
    assert.equal(await street.getByText('小石头').count(), 0)
  })
  await then('the search is over and the case goes to the township', async () => {
    await police.reload()
    await police.getByText('已找到').first().waitFor()
    assert.equal(await police.getByText('查找失踪儿童，记录进展').first().isVisible().catch(() => false), false)
    await begin(police, thread, '应急处置', '通报乡镇（街道）', [['案件情况', '走失后找到（虚构）'], ['已采取的措施', '查找'], ['请乡镇办理的事项', '请评估']])
    await township.goto(`/threads/${thread}`)
    await township.getByText('已找到').first().waitFor()
    await axe(township)
  })
})

journey('violence at home: warning, shelter, protection order, admonition and the way to the court', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const [village, police, civil, relief, township] = [await desk(), await desk(), await desk(), await desk(), await desk()]
  let thread
  let shelter
  await given('a case of violence', async () => {
    for (const [page, name] of [[village, 'village'], [police, 'police'], [civil, 'civilaffairs'], [relief, 'relief'], [township, 'township']]) await signIn(page, name)
    thread = await opened(village, police, 'violence', '小杏花胳膊上有新伤（虚构）')
    shelter = await unitOf(relief)
  })
  await when('the police stop it, warn the father and tell civil affairs', async () => {
    await begin(police, thread, '应急处置', '制止侵害、保护孩子', [['类别', '家庭暴力'], ['制止和保护措施', '分开父子（虚构）']])
    await begin(police, thread, '应急处置', '出具家庭暴力告诫书', [['被告诫人', '父亲某（虚构）'], ['与孩子的关系', '父亲'], ['实施的行为', '用皮带打'], ['送达', '本人签收']])
    await begin(police, thread, '应急处置', '协助就医', [['医疗机构', '县医院（虚构）'], ['诊断和治疗', '骨折']])
    await goOn(police, thread, '伤情鉴定', [['鉴定机构', '县鉴定中心（虚构）'], ['鉴定意见', '轻伤']])
    await begin(police, thread, '应急处置', '通知民政部门安置保护', [['需要安置的理由', '回家有危险']])
  })
  await then('the warning letter is a document', async () => {
    const [paper] = await Promise.all([police.context().waitForEvent('page'), police.getByRole('link', { name: '告诫书', exact: true }).first().click()])
    await paper.getByRole('heading', { name: '家庭暴力告诫书' }).waitFor()
    await paper.getByText('用皮带打').waitFor()
    await shot(paper, 'warning')
    await paper.close()
  })
  await when('civil affairs place the child and ask for a protection order', async () => {
    await begin(civil, thread, '监护干预', '临时庇护安置', [['庇护场所', shelter], ['批准人', '局长（虚构）'], ['床位', '三号床'], ['入住时的健康检查', '骨折已固定'], ['保护措施', '地址保密'], ['下次复核', soon(7)]])
    await begin(civil, thread, '监护干预', '申请人身安全保护令', [['申请人', '县民政局（虚构）'], ['被申请人', '父亲某（虚构）'], ['情况紧急', '紧急（二十四小时内）']])
    await goOn(civil, thread, '保护令结果', [['法院裁定', '作出保护令'], ['有效期至', soon(100)]])
  })
  await when('the institution says how the child does', async () => {
    await goOn(relief, thread, '复核照料情况', [['孩子的健康、心理和就学', '睡得好了（虚构）'], ['下次复核', soon(20)]])
  })
  await then('the dossier says what each ground has and lacks', async () => {
    await civil.goto(`/threads/${thread}`)
    await civil.getByText('撤销监护的情形和要件').click()
    const ground = civil.locator('.ground').filter({ hasText: '家庭暴力、虐待、遗弃致身心健康严重受损' })
    await ground.getByText('伤情或精神损害鉴定：已有记录').waitFor()
    await ground.getByText('缺 1 项').waitFor()
    await axe(civil)
    await shot(civil, 'dossier')
  })
  await when('civil affairs consider a petition and file it', async () => {
    await begin(civil, thread, '监护干预', '研究是否申请撤销监护', [['撤销情形', '严重损害身心健康'], ['结论', '申请撤销'], ['理由', '反复施暴（虚构）']])
    await goOn(civil, thread, '征询申请人', [['申请人', '其他监护人、祖父母、成年兄姐或其他近亲属'], ['名称', '祖父（虚构）'], ['答复', '不愿申请']])
    await goOn(civil, thread, '提出撤销监护申请', [['申请人', '县民政局（虚构）'], ['被申请人', '父亲某（虚构）'], ['与孩子的关系', '父亲'], ['请求', '撤销监护人资格'], ['事实和理由', '反复施暴'], ['法院', '某县人民法院（虚构）']])
    await goOn(civil, thread, '法院受理', [['案号', '（2026）民特一号'], ['受理日期', soon(0)]])
  })
  await then('the court’s thirty days run', async () => {
    await civil.getByText('跟踪法院审结').first().waitFor()
  })
})

journey('an accident: the child is treated, the hospital says what it knows, and the parents are called', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const [village, police, hospital, township] = [await desk(), await desk(), await desk(), await desk()]
  let thread
  let ward
  await given('a case of a child who fell into a pond', async () => {
    for (const [page, name] of [[village, 'village'], [police, 'police'], [hospital, 'hospital'], [township, 'township']]) await signIn(page, name)
    thread = await opened(village, police, 'accident', '小荷叶掉进水塘被救起（虚构）')
    ward = await unitOf(hospital)
  })
  await when('the police come, have the child treated and ask the hospital', async () => {
    await begin(police, thread, '应急处置', '到场先行处置', [['处置民警', '民警甲（虚构）'], ['孩子现在', '已送医'], ['现场情况和采取的措施', '救起后送医（虚构）']])
    await begin(police, thread, '应急处置', '协助就医', [['医疗机构', '县医院（虚构）'], ['诊断和治疗', '留院观察']])
    await begin(police, thread, '应急处置', '请单位协助调查', [['协助单位', ward], ['需要的材料或说明', '入院时的情况']])
  })
  await then('the hospital owes it, answers, and sees nothing else', async () => {
    await hospital.goto('/')
    await hospital.getByText('协助公安调查').first().waitFor()
    await hospital.goto(`/threads/${thread}`)
    await hospital.getByRole('heading', { name: '请单位协助调查' }).waitFor()
    assert.equal(await hospital.getByText('留院观察').count(), 0)
    await goOn(hospital, thread, '提交协助材料', [['说明', '体温低，无外伤（虚构）']])
    await axe(hospital)
  })
  await when('the parents are called, and a result was written wrong', async () => {
    await begin(police, thread, '应急处置', '联系父母', [['联系对象', '母亲'], ['方式', '电话'], ['结果', '没有接通']])
    await police.locator('section').filter({ has: police.getByRole('heading', { name: '联系父母' }) }).last().getByRole('link', { name: '更正' }).click()
    await police.getByRole('heading', { name: '更正：联系父母' }).waitFor()
    await fill(police, [['结果', '答应立即返回'], ['更正原因', '随后接通了']])
  })
  await then('both stand, and the township is told', async () => {
    await police.getByText('答应立即返回').first().waitFor()
    await police.getByText('更正记录：联系父母').waitFor()
    await police.getByText('已更正').first().click()
    await police.getByText('没有接通').first().waitFor()
    await shot(police, 'corrected')
    await begin(police, thread, '应急处置', '通报乡镇（街道）', [['案件情况', '溺水获救（虚构）'], ['已采取的措施', '送医'], ['请乡镇办理的事项', '请评估并排除水塘隐患']])
    await township.goto(`/threads/${thread}`)
    await township.getByText('会同开展调查评估').first().waitFor()
    await axe(township)
  })
})

journey('an unlawful harm is locked: who is not named is shown nothing', async ({ assert, desk, signIn, axe, shot, given, when, then }) => {
  const [village, police, township, hospital] = [await desk(), await desk(), await desk(), await desk()]
  let thread
  await given('a hospital’s report of a harm', async () => {
    for (const [page, name] of [[village, 'village'], [police, 'police'], [township, 'township'], [hospital, 'hospital']]) await signIn(page, name)
    const id = crypto.randomUUID()
    await ask(hospital, '/api/reports', 'POST', { id, region: (await ask(village, '/api/session')).posts[0].region, situations: ['harm'], statutory: [1], content: { account: '检查所见已封存（虚构）' }, reporter: {} })
    const row = (await ask(police, '/api/threads')).rows.find(r => r.locked && r.state === 'received')
    thread = row.id
  })
  await when('the police accept it, stop the harm and keep the evidence', async () => {
    await police.goto(`/threads/${thread}`)
    await police.getByRole('button', { name: '受理', exact: true }).click()
    await police.getByRole('dialog').getByRole('button', { name: '受理', exact: true }).click()
    await police.getByText('检查所见已封存').waitFor()
    await begin(police, thread, '应急处置', '制止侵害、保护孩子', [['类别', '性侵害'], ['制止和保护措施', '已控制嫌疑人（虚构）']])
    await begin(police, thread, '应急处置', '登记证据', [['证据名称和编号', '病历 001'], ['种类', '病历和诊断'], ['提取人', '民警甲（虚构）'], ['保管地点', '县局物证室']])
    await goOn(police, thread, '证据移交', [['移交人', '民警甲（虚构）'], ['接收人', '技术员（虚构）'], ['保管地点', '县局技术室'], ['用途', '鉴定']])
    await begin(police, thread, '监护干预', '立案侦查', [['立案文号', '立字〔2026〕1号'], ['立案日期', soon(0)]])
    await shot(police, 'evidence')
  })
  await then('the township sees that there is a case and nothing of it', async () => {
    await township.goto(`/threads/${thread}`)
    await township.getByText('这是限阅案件').waitFor()
    assert.equal(await township.getByText('性侵害').count(), 0)
    await axe(township)
    await shot(township, 'locked')
  })
  await then('the village does not even find it', async () => {
    await village.goto(`/threads/${thread}`)
    await village.getByText('没有找到').first().waitFor()
  })
})

await finish()
