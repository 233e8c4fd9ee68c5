package guardianship

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"shouwang/domain/casework"
	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/tally"
	"shouwang/platform/web"
)

// Service is all that others may call.
type Service struct {
	db      *store.DB
	grounds []policy.Ground
	cases   *casework.Service
	report  *report.Service
	journal *journal.Journal
	clock   clock.Clock
}

// NewService adds to the casework what data cannot say, and to the case its
// dossier.
func NewService(db *store.DB, p *policy.Service, c *casework.Service, r *report.Service, j *journal.Journal, k clock.Clock) *Service {
	s := &Service{db: db, grounds: p.Pack.Casework.Grounds, cases: c, report: r, journal: j, clock: k}
	c.On("protection_decided", bounded)
	c.On("restoration", s.barred)
	c.On("consideration", s.find)
	c.More(func(_ context.Context, _ report.Thread, all []casework.Record, data map[string]any) error {
		data["elements"], data["evidence"] = s.rows(all)
		return nil
	})
	r.Papers(report.Paper{Kind: "dossier_index", Rule: "guardianship.dossier", Fill: s.index})
	return s
}

// bounded holds a protection order to the six months the law gives it.
func bounded(_ context.Context, _ *store.Tx, _ *report.Thread, r *casework.Record) error {
	until := policy.DayOf(r.Values["until"])
	if r.Values["result"] == "given" && (until == "" || until < r.DoneOn || until > r.DoneOn.AddMonths(6)) {
		return fault.NewInvalid("guardianship.until", "有内容需要修改，请看标出的地方。").At("until", "请填写有效期，最长六个月")
	}
	return nil
}

// barred does not let a restoration stand beside a judgement that names what
// generally bars it.
func (s *Service) barred(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	all, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return err
	}
	for _, other := range all {
		bar, _ := other.Values["bar"].(string)
		if other.LineID == r.LineID && other.Kind == "judgement" && bar != "" && bar != "none" && r.Values["result"] == "restored" {
			return fault.NewInvalid("guardianship.bar", "判决登记了一般不得恢复监护资格的情形。法院确已恢复的，请先更正判决记录。").At("result", "请核对判决记录")
		}
	}
	return nil
}

// finding is how a ground stood when it was considered.
type finding struct {
	ID       string    `db:"id"`
	ThreadID string    `db:"thread_id"`
	RecordID string    `db:"record_id"`
	Ground   string    `db:"ground"`
	Shown    bool      `db:"shown"`
	Region   string    `db:"region"`
	FoundOn  clock.Day `db:"found_on"`
}

// find keeps how each ground that is considered stands on the day, by the
// records and not by who considers it.
func (s *Service) find(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	all, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return err
	}
	considered, _ := r.Values["ground"].([]any)
	rows := []finding{}
	var deltas []tally.Delta
	for _, f := range Assess(s.grounds, all, r.DoneOn) {
		if !slices.Contains(considered, any(f.ID)) {
			continue
		}
		rows = append(rows, finding{ID: uuid.Must(uuid.NewV7()).String(), ThreadID: t.ID, RecordID: r.ID, Ground: f.ID, Shown: f.Shown, Region: t.Region, FoundOn: r.DoneOn})
		if f.Shown && f.Clause != "" {
			deltas = append(deltas, tally.Delta{Name: policy.FigureClause, Region: t.Region, Part: f.Clause, N: 1})
		}
	}
	if err := store.Insert(ctx, tx, "guardianship_finding", rows...); err != nil {
		return fmt.Errorf("keeping how the grounds stand: %w", err)
	}
	return tally.AddTx(ctx, tx, deltas...)
}

// Dossier is how each ground stands in a case (撤销监护案卷).
type Dossier struct {
	On       clock.Day `json:"on"`
	Findings []Finding `json:"findings"`
}

// Dossier reads the grounds of a case as of today. The look is journalled.
func (s *Service) Dossier(ctx context.Context, thread string) (Dossier, error) {
	t, err := s.report.Reach(ctx, s.db, "guardianship.dossier", thread)
	if err != nil {
		return Dossier{}, err
	}
	all, err := s.cases.Records(ctx, s.db, t)
	if err != nil {
		return Dossier{}, err
	}
	on := clock.Today(s.clock)
	return Dossier{on, Assess(s.grounds, all, on)}, s.journal.Read(ctx, "guardianship.dossier", t.Entry("thread", t.ID, ""))
}

// index is the dossier on paper: what each ground needs and what shows it, and
// every record of the case in order.
func (s *Service) index(ctx context.Context, q store.Querier, t report.Thread, _ string) (map[string]any, error) {
	all, err := s.cases.Records(ctx, q, t)
	if err != nil {
		return nil, err
	}
	actor, _ := authz.ActorOf(ctx)
	from := casework.Record{Author: actor.Name}
	if len(actor.Grants) > 0 {
		from.AuthorUnit = actor.Grants[0].Organisation
	}
	return s.cases.PaperData(ctx, q, t, all, from)
}

// rows are the elements of the grounds as a table of paper, and those that
// records show of the grounds on which a petition is considered.
func (s *Service) rows(all []casework.Record) (elements, evidence []map[string]any) {
	words, considered := map[string]string{}, map[string]bool{}
	for _, r := range all {
		words[r.ID] = clock.Minute(r.DoneAt) + " " + s.cases.Name(r.Kind)
		if list, ok := r.Values["ground"].([]any); ok && r.Kind == "consideration" {
			for _, id := range list {
				ground, _ := id.(string)
				considered[ground] = true
			}
		}
	}
	elements, evidence = []map[string]any{}, []map[string]any{}
	for _, f := range Assess(s.grounds, all, clock.Today(s.clock)) {
		for _, e := range f.Elements {
			shown := make([]string, len(e.Records))
			for i, id := range e.Records {
				shown[i] = words[id]
			}
			row := map[string]any{"ground": f.Name, "element": e.Name, "state": "具备", "shown": strings.Join(shown, "；")}
			if !e.Shown {
				row["state"] = "缺：" + e.Missing
			}
			elements = append(elements, row)
			if considered[f.ID] && len(shown) > 0 {
				evidence = append(evidence, row)
			}
		}
	}
	return elements, evidence
}

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API) {
	web.Handle(api, web.Op{Method: "GET", Path: "/api/threads/{id}/dossier", ID: "dossier", Rule: "guardianship.dossier", Summary: "How each ground for revoking guardianship stands in a case"},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{ Body Dossier }, error) {
			d, err := s.Dossier(ctx, in.ID)
			return &struct{ Body Dossier }{d}, err
		})
}
