package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"shouwang/platform/region"
	"shouwang/platform/store"
)

// batchRows is how many rows go through one transaction: enough that each
// statement does much, few enough that nobody waits for the writer.
const batchRows = 200

// twin is a child on file, or another row, that a row may be the same as.
type twin struct {
	Child   string   `json:"child,omitempty"`
	Region  string   `json:"region,omitempty"` // of the child on file
	Seq     int      `json:"seq,omitempty"`    // the other row
	Certain bool     `json:"certain,omitempty"`
	Reasons []string `json:"reasons"`
}

// checked is a row with what became of it.
type checked struct {
	*reading
	Seq       int
	Sheet     int
	Outcome   string
	Duplicate bool
	Into      int    // merged into this earlier row
	Known     string // already on file as this child
	Twins     []twin
	Differs   []string // on file otherwise
	Decider   region.Code
	sought    *sought
}

// same says a problem of doubles: its message names the row, the file or the
// fields.
func (x *checked) same(code, message, result string) { x.say(code, "", message, result) }

// checker decides what becomes of rows, batch by batch, against the children
// on file and the rows before them.
type checker struct {
	service *Service
	reader  *reader
	index   *fileIndex
	sheets  []*rosterSheet
	seq     int
}

// batch decides a batch of rows in the order of the file. What it reads from
// the store is read in a fixed number of statements.
func (c *checker) batch(ctx context.Context, q store.Querier, rows []*checked) error {
	var all []*sought
	for _, x := range rows {
		c.seq++
		x.Seq = c.seq
		x.Outcome = outcome(x.Problems)
		x.Decider = x.Region
		x.sought = c.service.seek(x.record())
		if x.Outcome != RowRejected {
			all = append(all, x.sought)
		}
	}
	if err := c.service.onFile(ctx, q, all); err != nil {
		return err
	}
	known, err := c.known(ctx, q, rows)
	if err != nil {
		return err
	}
	for _, x := range rows {
		if x.Outcome != RowRejected && !x.decideOnFile(known) {
			c.decideInFile(x)
		}
		x.Outcome = outcome(x.Problems)
		c.remember(x)
	}
	return nil
}

// remember puts a decided row among those that later rows are compared with.
func (c *checker) remember(x *checked) {
	keys := x.sought.keys
	if at := x.Into - 1; at >= 0 && at < len(c.index.rows) {
		// One row copied a thousand times is compared with the first alone.
		if head := c.index.rows[at]; head.seq == x.Into && head.record.Number == x.sought.record.Number && head.record.Name == x.sought.record.Name && head.record.Birth == x.sought.record.Birth {
			keys = nil
		}
	}
	c.index.add(indexed{record: x.sought.record, seq: x.Seq, number: x.row.Number, sheet: x.Sheet, outcome: x.Outcome, into: x.Into,
		region: x.File.Child.Region, facts: factLine(x.File.Facts)}, keys)
	x.sought.onFile = nil
}

// known reads the files of children that rows certainly are.
func (c *checker) known(ctx context.Context, q store.Querier, rows []*checked) (map[string]*Settled, error) {
	var ids []string
	for _, x := range rows {
		if f := x.sought.onFile; len(f) > 0 && f[0].certain && !slices.Contains(ids, f[0].child.ID) {
			ids = append(ids, f[0].child.ID)
		}
	}
	return c.service.filesOf(ctx, q, ids)
}

// filesOf reads children with their facts, in three statements.
func (s *Service) filesOf(ctx context.Context, q store.Querier, ids []string) (map[string]*Settled, error) {
	out := map[string]*Settled{}
	if len(ids) == 0 {
		return out, nil
	}
	children, err := store.All[Child](ctx, q, `
		select `+store.Columns[Child]("c")+` from registry_child c where c.id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("reading children already on file: %w", err)
	}
	keys, err := s.keys.Keys(ctx, q, ids...)
	if err != nil {
		return nil, err
	}
	facts, err := s.factsOf(ctx, q, keys, ids...)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		out[child.ID] = &Settled{Child: child, Facts: facts[child.ID]}
	}
	return out, nil
}

// decideOnFile settles a row that is, or may be, a child on file. It reports
// whether there was one.
func (x *checked) decideOnFile(known map[string]*Settled) bool {
	found := x.sought.onFile
	if len(found) == 0 {
		return false
	}
	x.Duplicate = true
	for _, l := range found[:min(5, len(found))] {
		x.Twins = append(x.Twins, twin{Child: l.child.ID, Region: l.child.Region, Certain: l.certain, Reasons: l.match.Reasons})
	}
	first := found[0]
	x.Decider = overBoth(x.Region, region.Code(first.child.Region))
	apart := townOf(x.Region) != townOf(region.Code(first.child.Region))
	file := known[first.child.ID]
	switch {
	case !first.certain || file == nil:
		if apart {
			// Whoever settles this row may not know of the other file.
			x.same("twin.elsewhere", "可能与别处在册的一名儿童是同一人，由两地共同的上级单位核实。", RowHeld)
		} else {
			x.same("twin.child", "可能与在册的一名儿童是同一人（"+strings.Join(first.match.Reasons, "、")+"），请核实。", RowHeld)
		}
	case file.Child.State == Left:
		x.same("twin.left", "这名儿童已在档，但已退出台账，请核实是否恢复。", RowHeld)
	default:
		x.settlePlace()
		if outcome(x.Problems) == RowHeld {
			x.same("twin.known_problem", "这名儿童已在档；这一行另有问题，处理后再核对。", RowHeld)
			return true
		}
		if x.Differs = x.differences(file); len(x.Differs) > 0 {
			x.same("twin.differs", "这名儿童已在档，以下内容与档案不同或档案里没有："+strings.Join(x.Differs, "、")+"。请决定是否采用表中内容。", RowHeld)
			return true
		}
		x.Known = first.child.ID
		x.same("twin.known", "这名儿童已在档，内容一致，没有重复建档。", warned)
	}
	return true
}

// settlePlace lets a child already known stand without its place: the file has
// one.
func (x *checked) settlePlace() {
	for i := range x.Problems {
		if p := &x.Problems[i]; strings.HasPrefix(p.Code, "place.") && p.Code != "place.outside" {
			p.Outcome = warned
		}
	}
	x.PlaceKey = ""
}

func townOf(c region.Code) region.Code {
	if c.Level() < region.Town {
		return c
	}
	return c[:9] + "000"
}

// overBoth is the lowest division over two.
func overBoth(a, b region.Code) region.Code {
	for !a.Contains(b) && a != "" {
		a = a.Parent()
	}
	return a
}

// differences names what a row says otherwise than the file, or what the file
// lacks.
func (x *checked) differences(file *Settled) (out []string) {
	own, theirs := x.File.Child, &file.Child
	add := func(name string, differs bool) {
		if differs {
			out = append(out, name)
		}
	}
	add("姓名", own.Name != theirs.Name)
	add("身份证号", own.Identity != "" && theirs.IdentityState != IdentityHeld)
	add("出生日期", own.BirthOn != "" && own.BirthOn != theirs.BirthOn)
	add("性别", own.Sex != 0 && own.Sex != theirs.Sex)
	add("所在村（社区）", own.Region != "" && own.Region != theirs.Region)
	add("户籍所在地", own.HouseholdRegion != "" && own.HouseholdRegion != theirs.HouseholdRegion)
	add("学校", own.School != "" && own.School != theirs.School)
	add("年级", own.Grade != "" && own.Grade != theirs.Grade)
	for _, f := range x.File.Facts {
		old, ok := file.Facts.On(f.About, f.Kind, f.KnownOn)
		if !ok {
			old, ok = file.Facts.On(f.About, f.Kind, x.sheet.today)
		}
		add(sayFact(f), !ok || old.Value != f.Value || f.Place != "" && old.Place != f.Place)
	}
	return out
}

var aboutWords = map[string]string{AboutFather: "父亲", AboutMother: "母亲", AboutCarer: "照料人", AboutChild: ""}

var kindWords = map[string]string{Absence: "是否外出", Life: "状况", Ability: "监护能力", Performing: "履职", Living: "居住状况", Care: "由谁照料", CareQuality: "监护情况",
	Household: "户籍性质", Schooling: "就学情况", Boarding: "是否寄宿", Health: "身体情况", Support: "救助帮扶", Income: "经济来源", Arrangement: "照料安排"}

func sayFact(f NewFact) string { return aboutWords[f.About] + kindWords[f.Kind] }

// decideInFile settles a row that is, or may be, an earlier row again.
func (c *checker) decideInFile(x *checked) {
	found := c.index.find(x.sought)
	if len(found) == 0 {
		return
	}
	x.Duplicate = true
	for _, l := range found[:min(5, len(found))] {
		x.Twins = append(x.Twins, twin{Seq: c.index.rows[l.row].seq, Certain: l.certain, Reasons: l.match.Reasons})
	}
	first := found[0]
	r := c.index.rows[first.row]
	at := fmt.Sprintf("第 %d 行", r.number)
	if r.sheet != x.Sheet {
		at = "工作表“" + c.sheets[r.sheet].Name + "”" + at
	}
	if other := region.Code(r.region); other != "" {
		x.Decider = overBoth(x.Decider, other)
	}
	if !first.certain {
		x.same("twin.row", "可能与"+at+"是同一名儿童（"+strings.Join(first.match.Reasons, "、")+"），请核实。", RowHeld)
		return
	}
	if r.outcome != RowAccepted {
		x.same("twin.row", "与"+at+"是同一名儿童，那一行还待核实。", RowHeld)
		return
	}
	if own := x.File.Child.Region; own != "" && r.region != "" && own != r.region {
		x.same("twin.row_differs", "与"+at+"是同一名儿童，但所在村（社区）不同，请核实。", RowHeld)
		return
	}
	if differ := conflicts(r.facts, x.File.Facts); len(differ) > 0 {
		x.same("twin.row_differs", "与"+at+"是同一名儿童，但以下内容不同，请核实："+strings.Join(differ, "、")+"。", RowHeld)
		return
	}
	x.settlePlace()
	if outcome(x.Problems) == RowHeld {
		x.same("twin.row", "与"+at+"是同一名儿童；这一行另有问题，处理后再合并。", RowHeld)
		return
	}
	x.Into = r.seq
	if r.into != 0 {
		x.Into = r.into
	}
	x.same("twin.merged", "与"+at+"是同一名儿童，合并为一份档案。", warned)
}

// factLine keeps facts in a few bytes, to see whether two rows contradict.
func factLine(facts []NewFact) string {
	parts := make([]string, len(facts))
	for i, f := range facts {
		parts[i] = f.About + "." + f.Kind + "=" + f.Value
	}
	sort.Strings(parts)
	return strings.Join(parts, "\n")
}

func conflicts(line string, facts []NewFact) (out []string) {
	old := map[string]string{}
	for _, part := range strings.Split(line, "\n") {
		key, value, _ := strings.Cut(part, "=")
		old[key] = value
	}
	for _, f := range facts {
		if value, ok := old[f.About+"."+f.Kind]; ok && value != f.Value {
			out = append(out, sayFact(f))
		}
	}
	return out
}

// mergeRows makes one file of two rows about one child: the first stands, the
// second fills what it lacks.
func mergeRows(into *NewFile, more NewFile) {
	a, b := &into.Child, more.Child
	if a.Identity == "" && b.Identity != "" {
		// The name beside a number was more likely copied from a document.
		a.Identity, a.Name, into.IdentityState = b.Identity, b.Name, ""
	}
	for _, pair := range []struct{ to, from *string }{{&a.Ethnicity, &b.Ethnicity}, {&a.Region, &b.Region}, {&a.HouseholdRegion, &b.HouseholdRegion},
		{&a.Address, &b.Address}, {&a.Telephone, &b.Telephone}, {&a.School, &b.School}, {&a.Grade, &b.Grade}} {
		if *pair.to == "" {
			*pair.to = *pair.from
		}
	}
	if a.BirthOn == "" {
		a.BirthOn = b.BirthOn
	}
	if a.Sex == 0 {
		a.Sex = b.Sex
	}
	for _, r := range more.Relatives {
		i := slices.IndexFunc(into.Relatives, func(o Relative) bool {
			return o.Kinship == r.Kinship && (o.Kinship == Father || o.Kinship == Mother || o.Name == r.Name)
		})
		if i < 0 {
			into.Relatives = append(into.Relatives, r)
			continue
		}
		o := &into.Relatives[i]
		o.Identity, o.Telephone, o.Carer = cmp.Or(o.Identity, r.Identity), cmp.Or(o.Telephone, r.Telephone), o.Carer || r.Carer
		if o.BirthOn == "" {
			o.BirthOn = r.BirthOn
		}
	}
	for _, f := range more.Facts {
		if !slices.ContainsFunc(into.Facts, func(o NewFact) bool { return o.About == f.About && o.Kind == f.Kind }) {
			into.Facts = append(into.Facts, f)
		}
	}
}

// Report is what came of an import, in the form scripts read.
type Report struct {
	Rows       int       `json:"rows"`
	Accepted   int       `json:"accepted"`
	Held       int       `json:"held"`
	Rejected   int       `json:"rejected"`
	Duplicates int       `json:"duplicates"`
	Problems   []Problem `json:"problems"`
}

func (r *Report) count(x *checked) {
	r.Rows++
	switch x.Outcome {
	case RowAccepted:
		r.Accepted++
	case RowHeld:
		r.Held++
	case RowRejected:
		r.Rejected++
	}
	if x.Duplicate {
		r.Duplicates++
	}
	r.Problems = append(r.Problems, x.Problems...)
}

// parseMapping reads a remembered mapping, column to field.
func parseMapping(text string) (map[int]string, error) {
	mapping := map[int]string{}
	if err := json.Unmarshal([]byte(text), &mapping); err != nil {
		return nil, fmt.Errorf("reading a remembered mapping: %w", err)
	}
	return mapping, nil
}
