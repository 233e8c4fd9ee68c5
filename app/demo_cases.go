package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/report"
	"shouwang/platform/authz"
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
