package casework

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

// Line is records that belong together, the first first, and what may come next
// by this person.
type Line struct {
	ID      string   `json:"id" see:"basic"`
	Of      string   `json:"of" doc:"the mechanism" see:"basic"`
	Records []Record `json:"records" see:"nested"`
	Next    []string `json:"next" doc:"kinds of record that this person may write on it now" see:"basic"`
	Own     []string `json:"own" doc:"records that this person's office may correct" see:"basic"`
}

// Page is the casework of a case as far as the person may see it.
type Page struct {
	Lines     []Line   `json:"lines" see:"nested"`
	Begin     []string `json:"begin" doc:"kinds of record by which this person may begin a line" see:"basic"`
	Suggested []string `json:"suggested" doc:"what the playbook of its situations suggests next" see:"case"`
}

// Page reads the casework of a case. The look is journalled.
func (s *Service) Page(ctx context.Context, thread string) (*Page, error) {
	t, err := s.report.Reach(ctx, s.db, "casework.own", thread)
	if err != nil {
		return nil, err
	}
	all, err := s.Records(ctx, s.db, t)
	if err != nil {
		return nil, err
	}
	whole := s.rules.Reaches(ctx, s.db, "casework.read", t.Subject())
	if !whole {
		all = slices.DeleteFunc(all, func(r Record) bool { return !mine(ctx, r) })
	}
	p := &Page{Lines: []Line{}, Begin: []string{}, Suggested: []string{}}
	may := s.mayWrite(ctx, t)
	for _, r := range all {
		i := slices.IndexFunc(p.Lines, func(l Line) bool { return l.ID == r.LineID })
		if i < 0 {
			kind, _ := s.pack.Kind(r.Kind)
			p.Lines = append(p.Lines, Line{ID: r.LineID, Of: kind.Of, Next: []string{}, Own: []string{}})
			i = len(p.Lines) - 1
		}
		p.Lines[i].Records = append(p.Lines[i].Records, r)
		if wrote(ctx, r) {
			p.Lines[i].Own = append(p.Lines[i].Own, r.ID)
		}
	}
	slices.SortStableFunc(p.Lines, func(a, b Line) int { return a.Records[0].RecordedAt.Compare(b.Records[0].RecordedAt) })
	for i := range p.Lines {
		last := p.Lines[i].Records[len(p.Lines[i].Records)-1]
		for _, k := range s.pack.Kinds {
			_, err := author(ctx, k, last.UnitID)
			if len(k.After) > 0 && k.Follows(last.Kind) && err == nil && may(k) {
				p.Lines[i].Next = append(p.Lines[i].Next, k.ID)
			}
		}
	}
	for _, k := range s.pack.Kinds {
		if len(k.After) == 0 && may(k) {
			p.Begin = append(p.Begin, k.ID)
		}
	}
	if whole && t.Open() {
		if p.Suggested, err = s.suggest(ctx, t, all); err != nil {
			return nil, err
		}
	}
	if err := s.dress(ctx, p); err != nil {
		return nil, err
	}
	groups, err := s.rules.Groups(ctx, s.db, "casework.own", t.Subject())
	if err != nil {
		return nil, err
	}
	authz.Blank(p, groups)
	return p, s.journal.Read(ctx, "casework.read", t.Entry("thread", t.ID, ""))
}

// wrote reports whether one of the actor's organisations wrote a record.
func wrote(ctx context.Context, r Record) bool {
	actor, _ := authz.ActorOf(ctx)
	return slices.ContainsFunc(actor.Grants, func(g authz.Grant) bool { return g.Organisation != "" && g.Organisation == r.AuthorUnit })
}

// mine reports whether a record stands on a line that was given to one of the
// actor's organisations.
func mine(ctx context.Context, r Record) bool {
	actor, _ := authz.ActorOf(ctx)
	return slices.ContainsFunc(actor.Grants, func(g authz.Grant) bool {
		return g.Organisation != "" && (g.Organisation == r.UnitID || g.Organisation == r.AuthorUnit)
	})
}

// mayWrite answers for each kind whether the actor may write it in the case as
// it stands, asking each rule once.
func (s *Service) mayWrite(ctx context.Context, t report.Thread) func(policy.Kind) bool {
	known := map[string]bool{}
	return func(k policy.Kind) bool {
		if !t.Open() && !k.Closed || k.Step == "reopen" && t.Open() {
			return false
		}
		may, asked := known[k.By]
		if !asked {
			may = s.rules.Reaches(ctx, s.db, k.By, t.Subject())
			known[k.By] = may
		}
		return may
	}
}

// Records are those of a case and of the cases joined to it, in the order of
// their lines, as they stand corrected. The caller has checked the case.
func (s *Service) Records(ctx context.Context, q store.Querier, t report.Thread) ([]Record, error) {
	all, err := store.All[Record](ctx, q, `
		select `+store.Columns[Record]("r")+`
		  from casework_record r
		 where r.thread_id = ? or r.thread_id in (select j.id from report_thread j where j.joined_into = ?)
		 order by r.line_id, r.place`, t.ID, t.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the casework: %w", err)
	}
	ids, owners := make([]string, len(all)), []string{t.ID}
	for i, r := range all {
		ids[i], owners = r.ID, append(owners, r.ThreadID)
	}
	slices.Sort(owners)
	keys, err := s.keys.Keys(ctx, q, slices.Compact(owners)...)
	if err != nil {
		return nil, err
	}
	corrections := []Correction{}
	if len(ids) > 0 {
		if corrections, err = store.All[Correction](ctx, q, `
			select `+store.Columns[Correction]("c")+` from casework_correction c
			 where c.record_id in (`+store.Marks(len(ids))+`) order by c.corrected_at, c.id`, store.Anys(ids)...); err != nil {
			return nil, fmt.Errorf("reading corrections: %w", err)
		}
	}
	for i := range all {
		all[i].Values, all[i].Corrected = map[string]any{}, []Correction{}
		key := keys[all[i].ThreadID]
		if key == nil {
			continue // erased since
		}
		if err := all[i].open(key); err != nil {
			return nil, err
		}
		for _, c := range corrections {
			if c.RecordID != all[i].ID {
				continue
			}
			text, err := key.Open(correctionPlace(c.ID), c.Sealed)
			if err != nil {
				return nil, err
			}
			var said struct {
				Reason string         `json:"reason"`
				Values map[string]any `json:"values"`
			}
			if err := json.Unmarshal([]byte(text), &said); err != nil {
				return nil, fmt.Errorf("reading a correction: %w", err)
			}
			c.Reason, c.Values = said.Reason, all[i].Values // what it said before
			all[i].Values = said.Values
			all[i].Corrected = append(all[i].Corrected, c)
		}
	}
	return all, nil
}

// suggest lists what the playbooks of a case's situations have next: the steps
// that are neither taken nor explained, in order, but not what follows the
// first that all else waits for.
func (s *Service) suggest(ctx context.Context, t report.Thread, all []Record) ([]string, error) {
	out := []string{}
	if t.State == report.Waiting {
		return out, nil
	}
	situations, err := s.report.Situations(ctx, s.db, t)
	if err != nil {
		return nil, err
	}
	done := map[string]bool{}
	for _, r := range all {
		done[r.Kind] = true
		if step, _ := r.Values["step"].(string); r.Kind == "deviation" {
			done[step] = true
		}
	}
	for _, b := range s.pack.Playbooks {
		if !slices.Contains(situations, b.Situation) {
			continue
		}
		for _, step := range b.Steps {
			if !done[step] && !slices.Contains(out, step) {
				out = append(out, step)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return s.rank(a, situations) - s.rank(b, situations) })
	return out, nil
}

// rank is the latest place of a step in the playbooks of the situations.
func (s *Service) rank(step string, situations []string) (place int) {
	for _, b := range s.pack.Playbooks {
		if slices.Contains(situations, b.Situation) {
			place = max(place, slices.Index(b.Steps, step))
		}
	}
	return place
}

// dress adds the names of the units that records speak of, in one statement.
func (s *Service) dress(ctx context.Context, p *Page) error {
	ids := []string{}
	for _, l := range p.Lines {
		for _, r := range l.Records {
			ids = append(ids, r.UnitID, r.AuthorUnit)
		}
	}
	names, err := s.units(ctx, s.db, ids)
	if err != nil {
		return err
	}
	for i := range p.Lines {
		for j := range p.Lines[i].Records {
			r := &p.Lines[i].Records[j]
			list := []string{}
			for _, n := range []string{names[r.AuthorUnit], names[r.UnitID]} {
				if n != "" && !slices.Contains(list, n) {
					list = append(list, n)
				}
			}
			r.Units = strings.Join(list, " → ")
		}
	}
	return nil
}

// units are the names of organisations.
func (s *Service) units(ctx context.Context, q store.Querier, ids []string) (map[string]string, error) {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
	names := map[string]string{}
	if len(ids) == 0 {
		return names, nil
	}
	list, err := store.All[account.Organisation](ctx, q, `
		select `+store.Columns[account.Organisation]("")+` from account_organisation where id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("reading units: %w", err)
	}
	for _, o := range list {
		names[o.ID] = o.Name
	}
	return names, nil
}

func join(list []string) string { return strings.Join(list, ", ") }
