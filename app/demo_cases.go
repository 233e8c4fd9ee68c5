package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/casework"
	"shouwang/domain/duty"
	"shouwang/domain/report"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// cases lets the demonstration's town live through the last weeks of reports:
// one answered, one under way, one the police passed over too long, one locked,
// one declined and waiting for a second look.
func (d *demonstration) cases(ctx context.Context) error {
	people, err := store.All[struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}](ctx, d.DB, `select id, name from registry_child where region = ? and state = 'registered' order by id limit 3`, demoVillage)
	if err != nil {
		return fmt.Errorf("choosing whom cases are about: %w", err)
	}
	if len(people) < 3 {
		return nil // too few children were asked for
	}
	as := map[string]context.Context{}
	for _, username := range []string{"police", "township", "village", "civilaffairs", "school", "hospital"} {
		if as[username], err = d.Accounts.As(ctx, username); err != nil {
			return err
		}
	}
	at := func(ago time.Duration) { d.hands.Set(d.now.Add(-ago)) }
	id := d.uuid
	file := func(who string, n report.NewReport) (string, error) {
		n.ID = id()
		var err error
		if who == "" {
			_, err = d.Report.FilePublic(context.WithoutCancel(ctx), n, report.Public)
		} else {
			_, err = d.Report.File(as[who], n)
		}
		if err != nil {
			return "", err
		}
		return store.One[string](ctx, d.DB, `select thread_id from report_report where id = ?`, n.ID)
	}
	const day = 24 * time.Hour

	at(12 * day)
	first, err := file("school", report.NewReport{ChildID: people[0].ID, Situations: []string{"not_performing"},
		Content: report.Content{Account: "连续两周没有换洗衣服，早上没吃饭，问起说家里没人管（虚构）。", School: "双江中心小学三年级"}})
	if err != nil {
		return err
	}
	at(12*day - 18*time.Minute)
	if err := d.Report.Accept(as["police"], first); err != nil {
		return err
	}
	var unit string
	write := func(who, thread, kind, line string, v map[string]any) string {
		n := casework.NewRecord{ID: id(), Kind: kind, Line: line, Values: v}
		if _, wrong := d.Casework.Add(as[who], thread, n); wrong != nil && err == nil {
			err = fmt.Errorf("writing %s: %w", kind, wrong)
		}
		return n.ID
	}
	moment := func(ago time.Duration) string { return d.now.Add(-ago).UTC().Format(time.RFC3339) }
	on := func(days int) string { return string(clock.DayOf(d.now).AddDays(days)) }
	if unit, err = store.One[string](ctx, d.DB, `select g.organisation_id from account_grant g join account_user u on u.id = g.user_id where u.username = 'school' order by g.id limit 1`); err != nil {
		return fmt.Errorf("finding the school: %w", err)
	}
	at(12*day - 50*time.Minute)
	write("police", first, "arrival", "", map[string]any{"sent": moment(12*day - 25*time.Minute), "officers": "民警甲、民警乙（虚构）", "safe": "safe", "done": "孩子在家，奶奶卧床，灶上没有热饭；已请村主任先照看（虚构）。"})
	write("police", first, "contact", "", map[string]any{"whom": "father", "way": "call", "result": "unanswered"})
	write("police", first, "contact", "", map[string]any{"whom": "mother", "way": "call", "result": "relative", "said": "答应请姨妈过来照料（虚构）"})
	at(11 * day)
	write("police", first, "township_notice", "", map[string]any{"facts": "奶奶患病，孩子近两周无人做饭洗衣（虚构）", "measures": "已到场，联系母亲并委托姨妈", "asks": "请评估监护情况"})
	asked := write("township", first, "invitation", "", map[string]any{"unit": unit, "what": "请说明孩子在校的吃饭、出勤和情绪（虚构）"})
	at(10*day - 2*time.Hour)
	write("school", first, "opinion", asked, map[string]any{"safety": "上下学独自走山路（虚构）", "guardianship": "家长会一年没有人来", "health": "瘦小，常说饿"})
	write("township", first, "assessment_visit", "", map[string]any{"who": "督导员甲、社工乙（虚构）", "where": "孩子家中", "living": "三餐不定", "family": "父母在广东务工，奶奶中风", "guardianship": "奶奶无力照料，姨妈每周来两次"})
	write("township", first, "child_view", "", map[string]any{"how": "alone", "said": "想让妈妈早点回来（虚构）"})
	write("township", first, "scale", "", map[string]any{"scale": map[string]any{"scale": "general", "version": 1.0, "answers": map[string]any{
		"alone": 1.0, "carer": 2.0, "willing": 1.0, "harm": 0.0, "home": 1.0, "out": 1.0, "body": 1.0, "mind": 1.0, "school": 0.0, "money": 1.0}}})
	if err != nil {
		return err
	}
	at(10 * day)
	if err := d.Report.Answer(as["police"], first, "已到家中核实，并联系了父母，已转街道跟进。"); err != nil {
		return err
	}
	if err := d.Report.Inform(as["civilaffairs"], first); err != nil {
		return err
	}

	at(26 * time.Hour)
	second, err := file("", report.NewReport{Region: demoVillage, Situations: []string{"violence"}, Urgent: true,
		Content:  report.Content{ChildName: people[1].Name, Age: "九岁左右", Place: "菜市场后面那栋楼", Account: "听到孩子哭喊，身上有新的伤，邻居说不是第一次（虚构）。"},
		Reporter: report.Reporter{Name: "邻居某（虚构）", Telephone: d.phone()}})
	if err != nil {
		return err
	}
	at(26*time.Hour - 6*time.Minute)
	if err := d.Report.Accept(as["police"], second); err != nil {
		return err
	}
	if _, err := d.Report.Place(as["police"], second, people[1].ID, ""); err != nil {
		return err
	}
	at(25*time.Hour + 20*time.Minute)
	write("police", second, "arrival", "", map[string]any{"sent": moment(26*time.Hour - 10*time.Minute), "officers": "民警丙（虚构）", "safe": "moved", "done": "制止并把孩子带到邻居家（虚构）"})
	write("police", second, "stopping", "", map[string]any{"kind": "violence", "done": "分开父子，控制现场（虚构）", "apart": true})
	write("police", second, "evidence", "", map[string]any{"item": "现场照片 6 张，编号 001", "sort": "photo", "holder": "民警丙（虚构）", "kept": "派出所证物室"})
	write("police", second, "admonition", "", map[string]any{"whom": "父亲某（虚构）", "relation": "father", "reason": "用皮带打孩子", "content": "立即停止，接受家庭教育指导", "served": "signed", "recheck": on(5)})
	if err != nil {
		return err
	}
	at(25 * time.Hour)
	if _, err := file("civilaffairs", report.NewReport{ChildID: people[1].ID, Channel: report.Hotline, Ticket: "12345-2026-000417（虚构）", Situations: []string{"violence"},
		Content: report.Content{Account: "热线来电反映同一户打孩子（虚构）。"}, Reporter: report.Reporter{Name: "来电人（虚构）"}}); err != nil {
		return err
	}

	at(5 * day)
	locked, err := file("hospital", report.NewReport{Region: demoTown, Situations: []string{"harm"}, Statutory: []int{1},
		Content: report.Content{Age: "十二三岁", Account: "门诊检查发现异常，已保存病历（虚构）。", Treatment: "妇产科，病历已封存（虚构）"}})
	if err != nil {
		return err
	}
	at(5*day - 12*time.Minute)
	if err := d.Report.Accept(as["police"], locked); err != nil {
		return err
	}

	at(8 * time.Hour)
	declined, err := file("", report.NewReport{Region: demoTown, Situations: []string{"other"}, Anonymous: true, Content: report.Content{Place: "北部新区路口", Account: "有个孩子在路边玩手机没有大人（虚构）。"}})
	if err != nil {
		return err
	}
	at(7 * time.Hour)
	if err := d.Report.Decline(as["police"], declined, "到场核实，孩子由母亲带着在等车，没有危险。"); err != nil {
		return err
	}

	at(50 * time.Minute)
	if _, err := file("village", report.NewReport{ChildID: people[2].ID, Channel: report.Visit, Situations: []string{"alone"},
		Content: report.Content{Account: "奶奶住院，孩子一个人在家第三天（虚构）。"}}); err != nil {
		return err
	}
	at(5 * time.Minute)
	for {
		more, err := d.Duty.Tick(authz.AsSystem(ctx, "demo"))
		if err != nil || !more {
			break
		}
	}
	for {
		more, err := tally.Fold(ctx, d.DB)
		if err != nil || !more {
			return err
		}
	}
}

// rescues lets what visits found in the year be reported and taken through the
// chain, as far as the time since then goes; one in five was forgotten.
func (d *demonstration) rescues(ctx context.Context) error {
	owed, err := store.All[duty.Duty](ctx, d.DB, `
		select `+store.Columns[duty.Duty]("d")+` from duty_duty d where d.rule = 'report.required' and d.state = 'open' order by d.opened_at, d.id`)
	if err != nil {
		return fmt.Errorf("finding what visits found: %w", err)
	}
	civil, err := d.Accounts.As(ctx, "civilaffairs")
	if err != nil {
		return err
	}
	bureau := authz.WithActor(ctx, authz.Actor{UserID: "demo-bureau", Name: "县局值班民警（虚构）", Grants: []authz.Grant{{ID: "demo-bureau", Role: authz.Police, Region: DemoCounty}}})
	for i, o := range owed {
		director, known := d.directors[o.Region]
		supervisor, led := d.supervisors[o.Region[:9]+"000"]
		if i%5 == 4 || !known || !led {
			continue
		}
		if err := d.rescue(ctx, o, i, authz.WithActor(ctx, director), authz.WithActor(ctx, supervisor), bureau, civil); err != nil {
			return fmt.Errorf("rescue %d: %w", i, err)
		}
	}
	return nil
}

func (d *demonstration) rescue(ctx context.Context, o duty.Duty, i int, director, supervisor, bureau, civil context.Context) error {
	const day = 24 * time.Hour
	type values = map[string]any
	report := report.NewReport{ID: d.uuid(), ChildID: o.ChildID, Channel: report.Visit, Situations: []string{[]string{"not_performing", "incapable", "alone"}[i%3]},
		Content: report.Content{Account: "走访时发现孩子没有人照料（虚构）。"}}
	var thread, plan string
	var failed error
	write := func(who context.Context, kind, line string, v values) string {
		if failed != nil {
			return ""
		}
		n := casework.NewRecord{ID: d.uuid(), Kind: kind, Line: line, Values: v}
		if _, err := d.Casework.Add(who, thread, n); err != nil {
			failed = fmt.Errorf("%s: %w", kind, err)
		}
		return n.ID
	}
	steps := []struct {
		after time.Duration
		do    func() error
	}{
		{25 * time.Minute, func() error {
			if _, err := d.Report.File(director, report); err != nil {
				return err
			}
			var err error
			thread, err = store.One[string](ctx, d.DB, `select thread_id from report_report where id = ?`, report.ID)
			return err
		}},
		{40 * time.Minute, func() error { return d.Report.Accept(bureau, thread) }},
		{80 * time.Minute, func() error {
			write(bureau, "arrival", "", values{"sent": o.OpenedAt.Add(45 * time.Minute).UTC().Format(time.RFC3339), "officers": "民警两人（虚构）", "safe": "safe", "done": "孩子安全，已请邻居照看（虚构）。"})
			write(bureau, "contact", "", values{"whom": "father", "way": "call", "result": []string{"return", "relative"}[i%2]})
			return failed
		}},
		{5 * time.Hour, func() error { return d.Report.Inform(civil, thread) }},
		{20 * time.Hour, func() error {
			write(bureau, "township_notice", "", values{"facts": "走访发现孩子无人照料（虚构）", "measures": "到场、联系父母", "asks": "请评估监护情况"})
			if failed != nil {
				return failed
			}
			return d.Report.Answer(bureau, thread, "已到场处置，已请乡镇跟进。")
		}},
		{3 * day, func() error {
			write(supervisor, "assessment_visit", "", values{"who": "督导员和社工（虚构）", "where": "孩子家中", "living": "三餐有人做", "family": "父母在外", "guardianship": "亲属轮流照料"})
			write(supervisor, "child_view", "", values{"how": "trusted", "said": "想和奶奶住（虚构）"})
			return failed
		}},
		{5 * day, func() error {
			line := write(supervisor, "conference", "", values{"held": d.hands.Now().UTC().Format(time.RFC3339), "present": "派出所、村委会、学校（虚构）", "level": "middle", "minutes": "需要帮扶", "outcome": "assist"})
			write(bureau, "signature", line, values{"agree": "agree"})
			write(supervisor, "concluded", line, values{"summary": "中等风险，制定帮扶方案"})
			return failed
		}},
		{10 * day, func() error {
			plan = write(supervisor, "plan", "", values{"worker": "督导员（虚构）", "goals": "有固定的照料人", "measures": "村主任每周看一次", "grade": "week", "review": string(clock.DayOf(d.hands.Now()).AddDays(30)), "closing": "照料人稳定三个月"})
			return failed
		}},
		{38 * day, func() error {
			write(supervisor, "review", plan, values{"progress": "姨妈搬来照料（虚构）", "hazards": []string{"cleared", "cleared", "remain"}[i%3], "next": string(clock.DayOf(d.hands.Now()).AddDays(30))})
			return failed
		}},
		{66 * day, func() error {
			write(supervisor, "review", plan, values{"progress": "照料稳定", "hazards": "cleared", "next": string(clock.DayOf(d.hands.Now()).AddDays(30))})
			write(supervisor, "closing", plan, values{"met": "照料人稳定", "followup": string(clock.DayOf(d.hands.Now()).AddDays(28))})
			return failed
		}},
		{92 * day, func() error {
			write(supervisor, "followup", plan, values{"seen": "吃饭上学正常（虚构）", "result": "stable"})
			return failed
		}},
	}
	for _, s := range steps {
		at := o.OpenedAt.Add(s.after)
		if at.After(d.now) {
			break
		}
		d.hands.Set(at)
		if err := s.do(); err != nil {
			return err
		}
	}
	d.hands.Set(d.now)
	return nil
}

// uuid is the demonstration's own, the same each time.
func (d *demonstration) uuid() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(d.rand.IntN(256))
	}
	return uuid.Must(uuid.FromBytes(b[:])).String()
}
