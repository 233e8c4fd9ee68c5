package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/casework"
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
	id := func() string {
		var b [16]byte
		for i := range b {
			b[i] = byte(d.rand.IntN(256))
		}
		return uuid.Must(uuid.FromBytes(b[:])).String()
	}
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
