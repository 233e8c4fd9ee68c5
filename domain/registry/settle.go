package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Settled is a child after a change, as the mechanisms that watch see it.
type Settled struct {
	Child      Child
	Facts      Facts // open
	Verdicts   []Verdict
	Conditions []string
	New        bool
	Source     Source
	before     map[string]statusRow
	levelWas   int
}

// Owed reports whether the plan owes this child its care: under the county's
// own definition it is left-behind, or cannot be told not to be.
func (s *Settled) Owed() bool {
	return s.Child.State == Registered && s.Answer(CountyDefinition) != No
}

// CountyDefinition is the definition of the plan itself, by which duties run;
// the others stand beside it for comparison.
const CountyDefinition = "A"

// Answer is the verdict under a definition.
func (s *Settled) Answer(definition string) Answer {
	for _, v := range s.Verdicts {
		if v.Definition == definition {
			return v.Answer
		}
	}
	return Unknown
}

// Watcher is told, in the transaction of the change, how children stand now.
type Watcher func(ctx context.Context, tx *store.Tx, children []*Settled) error

// Watch registers a watcher. Mechanisms that come later register as the
// program is wired, before it serves.
func (s *Service) Watch(w Watcher) { s.watch = append(s.watch, w) }

type statusRow struct {
	ChildID    string    `db:"child_id"`
	Definition string    `db:"definition"`
	Region     string    `db:"region"`
	Verdict    Answer    `db:"verdict"`
	Missing    string    `db:"missing"`
	SinceOn    clock.Day `db:"since_on"`
	NextOn     clock.Day `db:"next_on"`
}

// settle computes verdicts, support level and the duties that follow from
// facts, for children whose rows are already written, and tells the watchers.
func (s *Service) settle(ctx context.Context, tx *store.Tx, children []*Settled) error {
	today := clock.Today(s.clock)
	definitions := s.policy.Pack.InForce(today)
	var changed []statusRow
	var deltas []tally.Delta
	var openings []duty.Opening
	for _, c := range children {
		c.Verdicts = nil
		for _, d := range definitions {
			v := Derive(d, c.Child.BirthOn, c.Child.Region, c.Facts, today)
			c.Verdicts = append(c.Verdicts, v)
			row := statusRow{c.Child.ID, d.ID, c.Child.Region, v.Answer, strings.Join(v.Missing, " "), today, v.NextOn}
			old, had := c.before[d.ID]
			if had && old.Verdict == row.Verdict {
				row.SinceOn = old.SinceOn
			}
			if had && old == row {
				continue
			}
			changed = append(changed, row)
			if c.Child.State == Registered {
				if had {
					deltas = append(deltas, verdictCount(old, -1)...)
				}
				deltas = append(deltas, verdictCount(row, 1)...)
			}
		}
		c.Conditions = Conditions(c.Child.BirthOn, c.Child.Sex, c.Facts, today)
		level := Level(s.policy.Pack, c.Conditions)
		if level != c.Child.SupportLevel {
			if !c.New && c.Child.State == Registered {
				deltas = append(deltas,
					tally.Delta{Name: FigureLevel, Region: c.Child.Region, Part: fmt.Sprint(c.Child.SupportLevel), N: -1},
					tally.Delta{Name: FigureLevel, Region: c.Child.Region, Part: fmt.Sprint(level), N: 1})
			}
			c.levelWas, c.Child.SupportLevel = c.Child.SupportLevel, level
			if _, err := store.Exec(ctx, tx, `update registry_child set support_level = ? where id = ?`, level, c.Child.ID); err != nil {
				return fmt.Errorf("setting the support level: %w", err)
			}
		}
		opened, err := s.factDuties(ctx, tx, c, today)
		if err != nil {
			return err
		}
		openings = append(openings, opened...)
	}
	if err := writeStatuses(ctx, tx, changed); err != nil {
		return err
	}
	if err := tally.AddTx(ctx, tx, deltas...); err != nil {
		return err
	}
	if _, err := s.duty.OpenTx(ctx, tx, openings...); err != nil {
		return err
	}
	for _, w := range s.watch {
		if err := w(ctx, tx, children); err != nil {
			return err
		}
	}
	return nil
}

func verdictCount(r statusRow, sign int) []tally.Delta {
	out := []tally.Delta{{Name: FigureVerdict, Region: r.Region, Part: r.Definition + ":" + string(r.Verdict), N: sign}}
	if r.Definition == CountyDefinition {
		out = append(out, tally.Delta{Name: FigureClause, Region: r.Region, Part: "一.0.1", N: sign})
		for _, m := range strings.Fields(r.Missing) {
			out = append(out, tally.Delta{Name: FigureMissing, Region: r.Region, Part: m, N: sign})
		}
	}
	return out
}

func writeStatuses(ctx context.Context, tx *store.Tx, rows []statusRow) error {
	for len(rows) > 0 {
		n := min(100, len(rows))
		args := make([]any, 0, n*7)
		for _, r := range rows[:n] {
			args = append(args, r.ChildID, r.Definition, r.Region, string(r.Verdict), r.Missing, string(r.SinceOn), string(r.NextOn))
		}
		if _, err := store.Exec(ctx, tx, `
			insert into registry_status (child_id, definition, region, verdict, missing, since_on, next_on)
			values (?, ?, ?, ?, ?, ?, ?)`+strings.Repeat(", (?, ?, ?, ?, ?, ?, ?)", n-1)+`
			    on conflict (child_id, definition) do update
			   set region = excluded.region, verdict = excluded.verdict, missing = excluded.missing,
			       since_on = excluded.since_on, next_on = excluded.next_on`, args...); err != nil {
			return fmt.Errorf("keeping verdicts: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// factDuties brings the duties that follow from facts alone up to date: what
// is no longer called for is discharged by the file itself or cancelled with
// its reason; what is called for is returned to be opened.
func (s *Service) factDuties(ctx context.Context, tx *store.Tx, c *Settled, today clock.Day) ([]duty.Opening, error) {
	child := c.Child.ID
	var open []duty.Opening
	if c.Child.State == Left {
		_, err := s.duty.CancelRoutineTx(ctx, tx, child, "儿童已退出台账")
		return nil, err
	}
	owed := c.Owed()
	alone := slices.Contains(c.Conditions, "alone") && (c.Child.BirthOn == "" || c.Child.BirthOn.AgeOn(today) < 16)
	var missing []string
	for _, v := range c.Verdicts {
		if v.Definition == CountyDefinition {
			for _, m := range v.Missing {
				missing = append(missing, MissingWords[m])
			}
		}
	}
	if c.Child.IdentityState != IdentityHeld {
		open = append(open, duty.Opening{Rule: "file.identity", ChildID: child, Region: c.Child.Region, Reason: identityReason[c.Child.IdentityState]})
	}
	if len(missing) > 0 {
		open = append(open, duty.Opening{Rule: "file.facts", ChildID: child, Region: c.Child.Region, Reason: "未采集：" + strings.Join(missing, "、")})
	}
	if alone {
		open = append(open, duty.Opening{Rule: "redline.alone", ChildID: child, Region: c.Child.Region, Reason: "登记为独自居住，未满十六周岁"})
	}
	if c.New {
		return open, nil // nothing can be open yet
	}
	evidence := duty.Evidence{Kind: c.Source.Kind, ID: c.Source.ID}
	if evidence.ID == "" {
		evidence = duty.Evidence{Kind: "child", ID: child}
	}
	for _, settled := range []struct {
		rule string
		done bool
	}{
		{"file.identity", c.Child.IdentityState == IdentityHeld},
		{"file.facts", len(missing) == 0},
		{"redline.alone", !alone},
	} {
		if settled.done {
			if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ChildID: child, Rules: []string{settled.rule}}, evidence); err != nil {
				return nil, err
			}
		}
	}
	if !owed {
		if _, err := s.duty.CancelRoutineTx(ctx, tx, child, "已不属于留守儿童"); err != nil {
			return nil, err
		}
		// What the register itself still lacks stays owed whatever the verdict.
		open = slices.DeleteFunc(open, func(o duty.Opening) bool { return o.Rule == "file.facts" })
	}
	return open, nil
}

var identityReason = map[string]string{
	IdentityNone:    "没有身份证号：核实是否登记户口",
	IdentityDamaged: "身份证号在表格里被改成了数值，末几位已丢失，请按户口簿补录",
}

// load reads children with their facts and verdicts for a change, in four
// statements however many there are.
func (s *Service) load(ctx context.Context, tx *store.Tx, ids ...string) ([]*Settled, map[string]*crypto.Key, error) {
	children, err := store.All[Child](ctx, tx, `
		select `+store.Columns[Child]("c")+` from registry_child c where c.id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...)
	if err != nil {
		return nil, nil, fmt.Errorf("reading children: %w", err)
	}
	keys, err := s.keys.Keys(ctx, tx, ids...)
	if err != nil {
		return nil, nil, err
	}
	facts, err := s.factsOf(ctx, tx, keys, ids...)
	if err != nil {
		return nil, nil, err
	}
	statuses, err := store.All[statusRow](ctx, tx, `
		select child_id, definition, region, verdict, missing, since_on, next_on
		  from registry_status where child_id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...)
	if err != nil {
		return nil, nil, fmt.Errorf("reading verdicts: %w", err)
	}
	byID := map[string]*Settled{}
	out := make([]*Settled, len(children))
	for i, c := range children {
		out[i] = &Settled{Child: c, Facts: facts[c.ID], before: map[string]statusRow{}}
		byID[c.ID] = out[i]
	}
	for _, r := range statuses {
		byID[r.ChildID].before[r.Definition] = r
	}
	return out, keys, nil
}

// factsOf reads the facts of children and opens them.
func (s *Service) factsOf(ctx context.Context, q store.Querier, keys map[string]*crypto.Key, ids ...string) (map[string]Facts, error) {
	rows, err := store.All[Fact](ctx, q, `
		select `+store.Columns[Fact]("f")+` from registry_fact f where f.child_id in (`+store.Marks(len(ids))+`) order by f.known_on, f.id`, store.Anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("reading facts: %w", err)
	}
	out := map[string]Facts{}
	for _, f := range rows {
		if key := keys[f.ChildID]; key != nil {
			if f, err = openFact(f, key); err != nil {
				return nil, err
			}
		}
		out[f.ChildID] = append(out[f.ChildID], f)
	}
	return out, nil
}

func insertFacts(ctx context.Context, tx *store.Tx, facts []Fact) error {
	if err := store.Insert(ctx, tx, "registry_fact", facts...); err != nil {
		return err
	}
	var deltas []tally.Delta
	for _, f := range facts {
		switch f.Kind {
		case Absence, Arrangement:
			deltas = append(deltas, tally.Delta{Name: FigureClause, Region: f.Region, Part: "三.一.2", N: 1})
		case Living:
			deltas = append(deltas, tally.Delta{Name: FigureClause, Region: f.Region, Part: "三.一.4", N: 1})
		}
	}
	return tally.AddTx(ctx, tx, deltas...)
}

// Tick settles again the children whose verdict time alone may have changed: a
// sixteenth birthday, six months away. It reports whether more are waiting.
func (s *Service) Tick(ctx context.Context) (bool, error) {
	const batch = 100
	today := clock.Today(s.clock)
	n, err := store.In(ctx, s.db, func(tx *store.Tx) (int, error) {
		ids, err := store.All[string](ctx, tx, `
			select distinct child_id from registry_status where next_on <> '' and next_on <= ? limit ?`, string(today), batch)
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		children, _, err := s.load(ctx, tx, ids...)
		if err != nil {
			return 0, err
		}
		for _, c := range children {
			c.Source = Source{Kind: "clock"}
		}
		return len(ids), s.settle(ctx, tx, children)
	})
	if err != nil {
		return false, fmt.Errorf("settling by the clock: %w", err)
	}
	return n == batch, nil
}

// definitionNames names the definitions in force.
func (s *Service) definitionsInForce() []policy.Definition {
	return s.policy.Pack.InForce(clock.Today(s.clock))
}
