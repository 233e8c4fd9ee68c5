package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/registry"
	"shouwang/domain/visit"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// DemoCounty is the county of the demonstration: its divisions are real, its
// people are invented and marked so.
const DemoCounty = "500235000000"

// demoPassword is shown on the sign-in page of a demonstration; a real county
// has neither.
const demoPassword = "watch-over-demo"

// Demonstrate fills an empty installation with the demonstration county: its
// offices, a director for (nearly) every village, invented children with a
// year of history lived through by a clock that is moved, some of it late.
// The clock must be a manual one; it ends at now.
func (a *App) Demonstrate(ctx context.Context, children int, hands *clock.Manual, now time.Time, progress func(string)) ([]account.Demo, error) {
	hands.Set(now.AddDate(-1, 0, 0))
	if _, err := a.Found(ctx, Founding{County: DemoCounty[:6]}); err != nil {
		return nil, err
	}
	d := &demonstration{App: a, hands: hands, now: now, rand: rand.New(rand.NewPCG(20161109, 2017)), progress: progress,
		directors: map[string]authz.Actor{}, supervisors: map[string]authz.Actor{}, numbers: map[string]bool{}}
	ctx = authz.AsSystem(ctx, "demo")
	for _, step := range []func(context.Context) error{
		d.people,
		func(ctx context.Context) error { return d.enter(ctx, children) },
		d.live,
		d.moves,
		d.rescues,
		d.cases,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	hands.Set(now)
	for {
		more, err := tally.Fold(ctx, a.DB)
		if err != nil || !more {
			return d.accounts, err
		}
	}
}

type demonstration struct {
	*App
	hands       *clock.Manual
	now         time.Time
	rand        *rand.Rand
	progress    func(string)
	accounts    []account.Demo
	villages    []region.Region
	towns       []region.Region
	schools     map[string]string // town → name of its school
	directors   map[string]authz.Actor
	supervisors map[string]authz.Actor
	numbers     map[string]bool // identity numbers given out
}

// demoVillage and demoTown are where the demonstration's village director and
// township supervisor serve.
var demoTown, demoVillage string

// people gives every village a director and every town a supervisor, and the
// sign-in names of the demonstration their passwords.
func (d *demonstration) people(ctx context.Context) error {
	d.towns = d.Book().Children(DemoCounty)
	for _, t := range d.towns {
		d.villages = append(d.villages, d.Book().Children(t.Code)...)
	}
	demoTown = string(d.towns[0].Code)
	demoVillage = string(d.Book().Children(d.towns[0].Code)[0].Code)
	vacant := string(d.Book().Children(d.towns[0].Code)[3].Code)
	d.schools = map[string]string{}
	return store.Do(ctx, d.DB, func(tx *store.Tx) error {
		for _, t := range d.towns {
			name := region.ShortName(t.Name) + "中心小学"
			d.schools[string(t.Code)] = name
			if _, err := d.Accounts.AddOrganisationTx(ctx, tx, account.Organisation{Kind: account.School, Name: name, Region: string(t.Code)}); err != nil {
				return err
			}
		}
		station := func(kind account.Kind, name, at string) error {
			_, err := d.Accounts.AddOrganisationTx(ctx, tx, account.Organisation{Kind: kind, Name: name, Region: at})
			return err
		}
		if err := station(account.PoliceStation, "双江派出所（演示）", demoTown); err != nil {
			return err
		}
		if err := station(account.CountyPolice, "云阳县公安局（演示）", DemoCounty); err != nil {
			return err
		}
		if err := station(account.Hospital, "云阳县人民医院（演示）", DemoCounty); err != nil {
			return err
		}
		if err := station(account.SocialWorkAgency, "守望社会工作服务中心（虚构）", DemoCounty); err != nil {
			return err
		}
		if err := station(account.Family, "演示家庭（虚构）", demoVillage); err != nil {
			return err
		}
		for _, n := range []struct {
			username string
			role     authz.Role
			kind     account.Kind
			at       string
			office   string
			about    string
		}{
			{"civilaffairs", authz.CivilAffairs, account.CivilAffairs, DemoCounty, "", "导入名册、核对数据、看全县"},
			{"township", authz.TownshipSupervisor, account.TownshipGovernment, demoTown, "", "管一个街道的台账、逾期和待定数据"},
			{"village", authz.VillageDirector, account.VillageCommittee, demoVillage, "", "今天去哪家、登记走访"},
			{"conference", authz.Conference, account.ConferenceOffice, DemoCounty, "", "看方案每一条落实得怎样"},
			{"supervision", authz.Supervision, account.SupervisionOffice, DemoCounty, "", "督查：数字点开到人"},
			{"education", authz.Education, account.EducationAuthority, DemoCounty, "", "在校留守学生"},
			{"school", authz.SchoolLeader, account.School, demoTown, "", "本校留守学生"},
			{"teacher", authz.ClassTeacher, account.School, demoTown, "", "班上的留守学生"},
			{"police", authz.Police, account.PoliceStation, demoTown, "", "受理报告、应急处置"},
			{"hospital", authz.Health, account.Hospital, DemoCounty, "", "强制报告"},
			{"relief", authz.Relief, account.ReliefInstitution, DemoCounty, "", "接收护送、临时照料和安置"},
			{"massorg", authz.MassOrganisation, account.MassOrganisation, DemoCounty, "妇女联合会", "关爱活动（后续建设）"},
			{"socialwork", authz.SocialWorkAgency, account.SocialWorkAgency, DemoCounty, "", "名单内儿童的服务"},
			{"employment", authz.Department, account.Department, DemoCounty, "人力资源", "统计数字"},
			{"guardian", authz.Guardian, account.Family, demoVillage, "", "自己孩子的档案"},
		} {
			if err := d.account(ctx, tx, n.username, n.role, n.kind, n.at, n.office, n.about); err != nil {
				return err
			}
		}
		for _, n := range []struct {
			username string
			role     authz.Role
			about    string
		}{{"system", authz.SystemAdmin, "管理单位"}, {"security", authz.SecurityAdmin, "管理人员和岗位"}, {"auditor", authz.AuditAdmin, "查看操作日志"}} {
			if err := d.Accounts.SetPasswordTx(ctx, tx, n.username, demoPassword); err != nil {
				return err
			}
			info, _ := authz.Info(n.role)
			d.accounts = append(d.accounts, account.Demo{Username: n.username, Password: demoPassword, RoleName: info.Name, About: n.about})
		}
		for i, t := range d.towns {
			if string(t.Code) != demoTown {
				if err := d.officer(ctx, tx, fmt.Sprintf("town%02d", i+1), authz.TownshipSupervisor, account.TownshipGovernment, string(t.Code), d.supervisors); err != nil {
					return err
				}
			}
		}
		for i, v := range d.villages {
			if code := string(v.Code); code != demoVillage && code != vacant {
				if err := d.officer(ctx, tx, fmt.Sprintf("village%03d", i+1), authz.VillageDirector, account.VillageCommittee, code, d.directors); err != nil {
					return err
				}
			}
		}
		d.progress(fmt.Sprintf("单位和人员：%d 个乡镇街道，%d 个村（社区）", len(d.towns), len(d.villages)))
		return nil
	})
}

func (d *demonstration) account(ctx context.Context, tx *store.Tx, username string, role authz.Role, kind account.Kind, at, office, about string) error {
	actor, err := d.post(ctx, tx, username, demoPassword, role, kind, at, office)
	if err != nil {
		return err
	}
	switch role {
	case authz.VillageDirector:
		d.directors[at] = actor
	case authz.TownshipSupervisor:
		d.supervisors[at] = actor
	}
	info, _ := authz.Info(role)
	d.accounts = append(d.accounts, account.Demo{Username: username, Password: demoPassword, RoleName: info.Name, About: about})
	return nil
}

func (d *demonstration) officer(ctx context.Context, tx *store.Tx, username string, role authz.Role, kind account.Kind, at string, into map[string]authz.Actor) error {
	actor, err := d.post(ctx, tx, username, "", role, kind, at, "")
	into[at] = actor
	return err
}

func (d *demonstration) post(ctx context.Context, tx *store.Tx, username, password string, role authz.Role, kind account.Kind, at, office string) (authz.Actor, error) {
	name := d.name(d.rand.IntN(2) + 1)
	r, _, err := d.Accounts.AddUserTx(ctx, tx, account.NewUser{Username: username, Name: name}, password)
	if err != nil {
		return authz.Actor{}, err
	}
	organisation, err := d.organisation(ctx, tx, kind, at, office)
	if err != nil {
		return authz.Actor{}, err
	}
	g, err := d.Accounts.GivePostTx(ctx, tx, account.Grant{UserID: r.ID, Role: string(role), OrganisationID: organisation, Region: at})
	return authz.Actor{UserID: r.ID, Name: name, Grants: []authz.Grant{{ID: g.ID, Role: role, Organisation: organisation, Region: at}}}, err
}

// The names are drawn from common characters; nobody is meant.
var (
	surnames = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦傅方白邹孟熊秦邱江尹薛雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤")
	boyNames = []rune("伟强磊军洋勇杰涛明超刚平辉浩宇轩梓晨子博文俊泽鑫豪嘉志建国庆")
	girlName = []rune("芳娜敏静丽艳娟秀兰霞桂英华欣怡诗雅琪悦萱涵雨婷晓燕红梅花思")
)

func (d *demonstration) name(sex int) string {
	return d.named(string(surnames[d.rand.IntN(len(surnames))]), sex)
}

func (d *demonstration) named(surname string, sex int) string {
	letters := boyNames
	if sex == 2 {
		letters = girlName
	}
	name := surname + string(letters[d.rand.IntN(len(letters))])
	if d.rand.IntN(5) > 0 {
		name += string(letters[d.rand.IntN(len(letters))])
	}
	return name
}

func (d *demonstration) identity(born clock.Day, sex int) string {
	for serial := 400 + 2*d.rand.IntN(250); ; serial += 2 {
		if number := identity.Invent("500235", string(born), serial+sex%2); !d.numbers[number] {
			d.numbers[number] = true
			return number
		}
	}
}

func (d *demonstration) phone() string {
	return fmt.Sprintf("1%d%09d", 3+d.rand.IntN(2)*2, d.rand.IntN(1_000_000_000))
}

var workPlaces = []struct{ code, name string }{
	{"440300000000", "广东省深圳市"}, {"441900000000", "广东省东莞市"}, {"440000000000", "广东省"}, {"330300000000", "浙江省温州市"},
	{"330200000000", "浙江省宁波市"}, {"320500000000", "江苏省苏州市"}, {"350500000000", "福建省泉州市"}, {"500112000000", "重庆市渝北区"}, {"310000000000", "上海市"},
}

// enter puts the children on the register a year ago, as the county's census
// found them.
func (d *demonstration) enter(ctx context.Context, n int) error {
	const batch = 100
	for done := 0; done < n; {
		files := make([]registry.NewFile, 0, batch+1)
		for len(files) < min(batch, n-done) {
			files = append(files, d.family()...)
		}
		files = files[:min(len(files), n-done)]
		done += len(files)
		if err := store.Do(ctx, d.DB, func(tx *store.Tx) error {
			_, err := d.Registry.AddTx(ctx, tx, registry.Source{Kind: "desk"}, files...)
			return err
		}); err != nil {
			return err
		}
		d.progress(fmt.Sprintf("儿童建档 %d / %d", done, n))
	}
	return nil
}

// family invents one or two children of one household.
func (d *demonstration) family() []registry.NewFile {
	village := d.villages[d.rand.IntN(len(d.villages))]
	if d.rand.IntN(12) == 0 { // the demonstration's own village has enough to show
		village, _ = d.Book().Find(region.Code(demoVillage))
	}
	town := string(village.Code[:9]) + "000"
	known := clock.DayOf(d.hands.Now())
	surname := string(surnames[d.rand.IntN(len(surnames))])
	bornFather := known.AddMonths(-12*30 - d.rand.IntN(150))
	bornMother := known.AddMonths(-12*28 - d.rand.IntN(140))
	father := registry.Relative{Kinship: registry.Father, Name: d.named(surname, 1), BirthOn: bornFather, Identity: d.identity(bornFather, 1), Telephone: d.phone(), Guardian: true}
	mother := registry.Relative{Kinship: registry.Mother, Name: d.name(2), BirthOn: bornMother, Identity: d.identity(bornMother, 2), Telephone: d.phone(), Guardian: true}
	carer := registry.Relative{Kinship: []string{"61", "62", "63", "64"}[d.rand.IntN(4)], Carer: true, Telephone: d.phone()}
	carer.Name = d.named(surname, 1+d.rand.IntN(2))

	children := 1 + d.rand.IntN(5)/4
	out := make([]registry.NewFile, 0, children)
	kind := d.rand.IntN(100)
	for range children {
		sex := 1 + d.rand.IntN(2)
		born := known.AddMonths(-12 - d.rand.IntN(14*12)).AddDays(-d.rand.IntN(28))
		age := born.AgeOn(known)
		c := registry.Particulars{Name: d.named(surname, sex), Sex: sex, BirthOn: born, Ethnicity: "汉族", Identity: d.identity(born, sex),
			Region: string(village.Code), HouseholdRegion: string(village.Code), Address: fmt.Sprintf("%d组%d号", 1+d.rand.IntN(9), 1+d.rand.IntN(120))}
		if age >= 6 && age < 13 {
			c.School = d.schools[town]
			c.Grade = fmt.Sprintf("%d年级", age-5)
		}
		f := registry.NewFile{Child: c, Relatives: []registry.Relative{father, mother, carer}, Invented: true}
		fact := func(about, kind, value string) {
			f.Facts = append(f.Facts, registry.NewFact{About: about, Kind: kind, Value: value, KnownOn: known})
		}
		away := func(about string) {
			place := workPlaces[d.rand.IntN(len(workPlaces))]
			n := registry.NewFact{About: about, Kind: registry.Absence, Value: "away", Place: place.code, PlaceText: place.name, KnownOn: known}
			if d.rand.IntN(3) > 0 {
				n.StartOn = known.AddMonths(-1 - d.rand.IntN(60))
			}
			f.Facts = append(f.Facts, n)
		}
		fact(registry.AboutChild, registry.Household, "rural")
		fact(registry.AboutChild, registry.Schooling, schooling(age))
		fact(registry.AboutChild, registry.Living, "accompanied")
		fact(registry.AboutChild, registry.Care, "grandparents")
		switch {
		case kind < 72: // both away
			away(registry.AboutFather)
			away(registry.AboutMother)
		case kind < 80: // one away, the other unable
			away(registry.AboutFather)
			fact(registry.AboutMother, registry.Absence, "home")
			fact(registry.AboutMother, registry.Ability, "unable")
		case kind < 90: // not collected
			away(registry.AboutFather)
		case kind < 96: // one at home and able
			away(registry.AboutFather)
			fact(registry.AboutMother, registry.Absence, "home")
			fact(registry.AboutMother, registry.Ability, "able")
		default: // one dead or out of contact
			away(registry.AboutFather)
			fact(registry.AboutMother, registry.Life, []string{"deceased", "lost"}[d.rand.IntN(2)])
		}
		fact(registry.AboutChild, registry.CareQuality, []string{"good", "fair", "fair", "insufficient"}[d.rand.IntN(4)])
		switch d.rand.IntN(40) {
		case 0:
			f.Facts = append(f.Facts, registry.NewFact{About: registry.AboutChild, Kind: registry.Health, Value: "disabled", Detail: "肢体二级（虚构）", KnownOn: known})
		case 1:
			f.Facts = append(f.Facts, registry.NewFact{About: registry.AboutChild, Kind: registry.Health, Value: "ill", Detail: "先天性心脏病（虚构）", KnownOn: known})
		case 2, 3:
			f.Child.Identity = ""
		default:
			fact(registry.AboutChild, registry.Health, "healthy")
		}
		out = append(out, f)
	}
	return out
}

func schooling(age int) string {
	switch {
	case age < 3:
		return "none_yet"
	case age < 6:
		return "kindergarten"
	case age < 12:
		return "primary"
	default:
		return "junior"
	}
}

// live goes through the year a week at a time: directors visit what is due,
// most of them; a few villages fall behind, and the clock notices.
func (d *demonstration) live(ctx context.Context) error {
	idle := map[string]bool{}
	for i, v := range d.villages {
		if i%17 == 5 && string(v.Code) != demoVillage {
			idle[string(v.Code)] = true
		}
	}
	weeks := 52
	for week := range weeks {
		d.hands.Set(d.now.AddDate(-1, 0, 7*(week+1)))
		if week == weeks-1 {
			d.hands.Set(d.now.Add(-2 * time.Hour))
		}
		for _, tick := range []func(context.Context) (bool, error){d.Registry.Tick, d.Duty.Tick} {
			for {
				more, err := tick(ctx)
				if err != nil {
					return err
				}
				if !more {
					break
				}
			}
		}
		if err := d.visits(ctx, idle, week == weeks-1); err != nil {
			return err
		}
		if err := d.identities(ctx); err != nil {
			return err
		}
		if week%4 == 3 {
			d.progress(fmt.Sprintf("一年经过：第 %d 周", week+1))
			for {
				more, err := tally.Fold(ctx, d.DB)
				if err != nil {
					return err
				}
				if !more {
					break
				}
			}
		}
	}
	return nil
}

// visits makes this week's visits.
func (d *demonstration) visits(ctx context.Context, idle map[string]bool, last bool) error {
	today := clock.DayOf(d.hands.Now())
	due, err := store.All[duty.Duty](ctx, d.DB, `
		select `+store.Columns[duty.Duty]("d")+`
		  from duty_duty d
		 where {scope d} and d.state = 'open' and d.rule = 'visit.routine' and d.due_on <= ?
		 order by d.region, d.id`, string(today.AddDays(3)))
	if err != nil {
		return fmt.Errorf("reading what is due: %w", err)
	}
	due = slices.DeleteFunc(due, func(v duty.Duty) bool {
		_, has := d.directors[v.BearerRegion]
		skip := idle[v.BearerRegion] && d.rand.IntN(10) > 0
		return !has || skip || d.rand.IntN(12) == 0 || last && d.rand.IntN(3) > 0
	})
	lacking, err := d.lacking(ctx)
	if err != nil {
		return err
	}
	const batch = 50
	for len(due) > 0 {
		n := min(batch, len(due))
		if err := store.Do(ctx, d.DB, func(tx *store.Tx) error {
			for _, v := range due[:n] {
				director := authz.WithActor(ctx, d.directors[v.BearerRegion])
				if _, err := d.Visit.RecordTx(director, tx, d.visit(v.ChildID, today, lacking[v.ChildID])); err != nil && !fault.Is(err, fault.NotFound) {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		due = due[n:]
	}
	return nil
}

var visitNotes = []string{"孩子在家，精神好，作业按时完成。", "奶奶说近来睡得晚，已提醒早睡。", "家里收拾得整齐，父母上周打过视频。", "提醒不要独自到水库边玩。", "天冷了，衣物够穿。"}

// identities lets the household register be looked up for some of the children
// who came without a number.
func (d *demonstration) identities(ctx context.Context) error {
	type row struct {
		ID      string    `db:"id"`
		Version int       `db:"version"`
		Sex     int       `db:"sex"`
		BirthOn clock.Day `db:"birth_on"`
	}
	without, err := store.All[row](ctx, d.DB, `
		select c.id, c.version, c.sex, c.birth_on from registry_child c where {scope c id} and c.identity_state = 'none' and c.state = 'registered' order by c.id`)
	if err != nil {
		return fmt.Errorf("reading who lacks a number: %w", err)
	}
	for _, c := range without {
		if d.rand.IntN(20) > 0 {
			continue
		}
		number := d.identity(c.BirthOn, c.Sex)
		if _, err := d.Registry.Update(ctx, c.ID, c.Version, registry.Change{Identity: &number}); err != nil {
			return err
		}
	}
	return nil
}

// lacking finds which children have an open duty that a visit can answer.
func (d *demonstration) lacking(ctx context.Context) (map[string]string, error) {
	open, err := store.All[duty.Duty](ctx, d.DB, `
		select `+store.Columns[duty.Duty]("d")+`
		  from duty_duty d
		 where {scope d} and d.state = 'open' and d.rule in ('redline.alone', 'file.facts')`)
	if err != nil {
		return nil, fmt.Errorf("reading what is lacking: %w", err)
	}
	out := map[string]string{}
	for _, v := range open {
		out[v.ChildID] = v.Rule
	}
	return out, nil
}

func (d *demonstration) visit(child string, on clock.Day, lacks string) visit.NewVisit {
	v := visit.NewVisit{ChildID: child, VisitedOn: on, Outcome: visit.Met, Content: visit.Content{Way: "home", Asked: "照料人", ChildSeen: true,
		Needs: map[string]string{"living": "met", "medical": "met", "guardianship": "met"}, Note: visitNotes[d.rand.IntN(len(visitNotes))]}}
	switch {
	case lacks == "redline.alone" && d.rand.IntN(10) > 0:
		v.Facts = []registry.NewFact{{About: registry.AboutChild, Kind: registry.Living, Value: "accompanied"}}
		v.Content.Note = "姑姑已搬来同住，孩子不再一个人住。"
		return v
	case lacks == "file.facts" && d.rand.IntN(10) > 3:
		v.Facts = []registry.NewFact{{About: registry.AboutMother, Kind: registry.Absence, Value: "away", Place: "440000000000", PlaceText: "广东省"}}
		return v
	}
	switch d.rand.IntN(60) {
	case 0:
		v.Outcome, v.Absence, v.Content = visit.NotMet, "nobody_home", visit.Content{Way: "home"}
	case 1:
		v.Content.Findings = []string{"low_mood"}
	case 2:
		v.Content.Findings = []string{"unsafe_home"}
	case 3:
		v.Facts = []registry.NewFact{{About: registry.AboutMother, Kind: registry.Absence, Value: "home"}, {About: registry.AboutMother, Kind: registry.Ability, Value: "able"}}
		v.Content.Note = "母亲已返乡，在家照顾孩子。"
	case 4:
		if d.rand.IntN(8) == 0 {
			v.Content.Findings = []string{"alone"}
			v.Content.Note = "奶奶住院，孩子这几天一个人住，已联系邻居照看并报告。"
		}
	}
	return v
}

// moves leaves a hand-over waiting for the demonstration's village, and one
// child of the guardian's account.
func (d *demonstration) moves(ctx context.Context) error {
	other := string(d.Book().Children(d.towns[0].Code)[1].Code)
	moving, err := store.One[string](ctx, d.DB, `select id from registry_child where region = ? and state = 'registered' order by id limit 1`, other)
	if err == nil {
		if _, err := d.Registry.Offer(ctx, moving, demoVillage, "随祖父母搬到本社区居住"); err != nil {
			return err
		}
	}
	own, err := store.One[string](ctx, d.DB, `select id from registry_child where region = ? and state = 'registered' order by id limit 1`, demoVillage)
	if err != nil {
		return nil // too few children were asked for
	}
	return store.Do(ctx, d.DB, func(tx *store.Tx) error {
		family, err := d.organisation(ctx, tx, account.Family, demoVillage)
		if err != nil {
			return err
		}
		agency, err := d.organisation(ctx, tx, account.SocialWorkAgency, DemoCounty)
		if err != nil {
			return err
		}
		today := string(clock.DayOf(d.now))
		if err := authz.EnrolTx(ctx, tx, family, own, today); err != nil {
			return err
		}
		return authz.EnrolTx(ctx, tx, agency, own, today)
	})
}
