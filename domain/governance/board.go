package governance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
	"shouwang/platform/web"
)

// Rules of this mechanism.
var Rules = authz.Rules{
	"clause.read": {authz.InRegion(authz.Conference, authz.Supervision, authz.CivilAffairs, authz.Education, authz.Police, authz.TownshipSupervisor, authz.VillageDirector, authz.Department, authz.MassOrganisation)},
	"clause.rows": {authz.InRegion(authz.Supervision, authz.CivilAffairs, authz.TownshipSupervisor, authz.VillageDirector)},
}

// Service is all that others may call.
type Service struct {
	db      *store.DB
	policy  *policy.Service
	journal *journal.Journal
	rules   *authz.Authority
	clock   clock.Clock
	sources map[string]policy.Source
}

// NewService returns the board over the sources that the mechanisms declare.
func NewService(db *store.DB, p *policy.Service, j *journal.Journal, rules *authz.Authority, c clock.Clock, sources ...policy.Source) (*Service, error) {
	s := &Service{db: db, policy: p, journal: j, rules: rules, clock: c, sources: map[string]policy.Source{}}
	for _, src := range sources {
		if _, ok := p.Pack.Clause(src.Clause); !ok {
			return nil, fmt.Errorf("a source names clause %s, which the pack has not", src.Clause)
		}
		if _, twice := s.sources[src.Clause]; twice {
			return nil, fmt.Errorf("clause %s has two sources", src.Clause)
		}
		s.sources[src.Clause] = src
	}
	return s, nil
}

// Clause is a clause of the plan with its live state (条款落实情况).
type Clause struct {
	policy.Clause
	Live       bool `json:"live"`
	Built      bool `json:"built" doc:"a mechanism of this program serves it"`
	Open       int  `json:"duties_open"`
	Late       int  `json:"duties_overdue"`
	Discharged int  `json:"duties_discharged"`
	Kept       int  `json:"duties_kept" doc:"discharged in time"`
	Records    int  `json:"records"`
	Attention  bool `json:"attention" doc:"the records are other clauses' duties that are late"`
}

// Board is the plan's outline as it stands in a place.
type Board struct {
	Region   string           `json:"region"`
	At       time.Time        `json:"at"`
	Title    string           `json:"title"`
	Number   string           `json:"number"`
	Chapters []policy.Heading `json:"chapters"`
	Sections []policy.Heading `json:"sections"`
	Clauses  []Clause         `json:"clauses"`
}

// Board reads the state of every clause in a place, in two statements.
func (s *Service) Board(ctx context.Context, at string) (*Board, error) {
	if !region.Code(at).Valid() {
		return nil, fault.NewInvalid("region.invalid", "请选择区划。")
	}
	if err := s.rules.Check(ctx, s.db, "clause.read", authz.Subject{Kind: "clause", Region: at}); err != nil {
		return nil, err
	}
	duties, err := tally.Read(ctx, s.db, duty.Figure, at)
	if err != nil {
		return nil, err
	}
	records, err := tally.Read(ctx, s.db, registry.FigureClause, at)
	if err != nil {
		return nil, err
	}
	p := s.policy.Pack
	b := &Board{Region: at, At: s.clock.Now(), Title: p.Title, Number: p.Number, Chapters: p.Chapters, Sections: p.Sections, Clauses: make([]Clause, len(p.Clauses))}
	byID := map[string]*Clause{}
	for i, c := range p.Clauses {
		b.Clauses[i].Clause = c
		byID[c.ID] = &b.Clauses[i]
	}
	for _, f := range duties {
		id, what, _ := strings.Cut(f.Part, ":")
		if c := byID[id]; c != nil {
			switch what {
			case "open":
				c.Open += f.N
			case "late":
				c.Late += f.N
			case "discharged":
				c.Discharged += f.N
			case "kept":
				c.Kept += f.N
			}
		}
	}
	for _, f := range records {
		if c := byID[f.Part]; c != nil {
			c.Records += f.N
		}
	}
	s.crosswise(byID)
	for i := range b.Clauses {
		c := &b.Clauses[i]
		_, c.Built = s.sources[c.ID]
		c.Built = c.Built || c.Open+c.Discharged > 0
		c.Live = c.Built && c.Records+c.Open+c.Discharged > 0
		if s.sources[c.ID].Confined && region.Code(at).Level() >= region.Village && !s.rules.May(ctx, "duty.confined") {
			c.Live, c.Open, c.Late, c.Discharged, c.Kept, c.Records = false, 0, 0, 0, 0, 0
		}
	}
	return b, nil
}

// crosswise fills the clauses that are about all duties together.
func (s *Service) crosswise(byID map[string]*Clause) {
	var open, late, discharged, rolling int
	for id, c := range byID {
		open, late, discharged = open+c.Open, late+c.Late, discharged+c.Discharged
		if id == "三.二.6" || id == "三.二.17" {
			rolling += c.Open + c.Discharged
		}
	}
	for _, src := range duty.Crosswise {
		c := byID[src.Clause]
		switch src.Clause {
		case "一.0.2":
			c.Records = open + discharged
		case "二.二.3", "二.二.4":
			c.Records, c.Attention = late, late > 0
		case "二.三.1":
			c.Records = rolling
		}
	}
}

// Row is a record behind a clause.
type Row struct {
	ID      string `db:"id" json:"id"`
	ChildID string `db:"child_id" json:"child_id"`
	CaseID  string `db:"thread_id" json:"thread_id" doc:"the case it stands in"`
	Region  string `db:"region" json:"region"`
	OnDay   string `db:"on_day" json:"on_day"`
	Name    string `db:"-" json:"name"`
	Kind    string `db:"-" json:"kind"`
}

// Rows opens a clause to the records it counts, in reach of the actor.
func (s *Service) Rows(ctx context.Context, clause, at, after string, limit int, names duty.Namer) ([]Row, error) {
	src, ok := s.sources[clause]
	if !ok {
		if _, known := s.policy.Pack.Clause(clause); !known {
			return nil, fault.NewNotFound("clause.none", "方案中没有这一条。")
		}
		return []Row{}, nil
	}
	scoped, err := s.rules.Scoped(ctx, "clause.rows")
	if err != nil {
		return nil, err
	}
	if src.Confined && !s.rules.May(ctx, "duty.confined") {
		return []Row{}, nil
	}
	if at != "" {
		scoped = authz.Within(scoped, at)
	}
	where, values := "", []any{}
	if len(after) > 12 {
		where, values = " and (r.region > ? or r.region = ? and r.id > ?)", []any{after[:12], after[:12], after[12:]}
	}
	in := "''"
	if src.Confined {
		in = "r.thread_id"
	}
	rows, err := store.All[Row](scoped, s.db, `
		select r.id, r.child_id, `+in+` as thread_id, r.region, r.on_day
		  from (`+src.Text+`) r
		 where {scope r}`+where+`
		 order by r.region, r.id
		 limit ?`, append(values, limit)...)
	if err != nil {
		return nil, fmt.Errorf("opening clause %s: %w", clause, err)
	}
	var children, ids []string
	for i := range rows {
		rows[i].Kind = src.Kind
		ids = append(ids, rows[i].ID)
		if rows[i].ChildID != "" {
			children = append(children, rows[i].ChildID)
		}
	}
	if len(rows) == 0 {
		return rows, nil
	}
	named, err := names(ctx, s.db, children)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].Name = named[rows[i].ChildID]
	}
	return rows, s.journal.Read(ctx, "clause.rows", journal.Entry{Kind: "clause", ID: clause, IDs: ids})
}

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API, names duty.Namer) {
	type place struct {
		Region string `query:"region" required:"true" minLength:"12" maxLength:"12"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/clauses", ID: "clauseBoard", Rule: "clause.read", Summary: "Every clause of the plan and how it stands in a place"},
		func(ctx context.Context, in *place) (*struct{ Body *Board }, error) {
			b, err := s.Board(ctx, in.Region)
			return &struct{ Body *Board }{b}, err
		})
	type rows struct {
		Clause string `path:"clause"`
		Region string `query:"region" maxLength:"12"`
		After  string `query:"after" maxLength:"60"`
	}
	const pageRows = 50
	web.Handle(api, web.Op{Method: "GET", Path: "/api/clauses/{clause}/rows", ID: "clauseRows", Rule: "clause.rows", Summary: "The records behind a clause"},
		func(ctx context.Context, in *rows) (*struct{ Body web.Page[Row] }, error) {
			list, err := s.Rows(ctx, in.Clause, in.Region, in.After, pageRows+1, names)
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[Row] }{web.Cut(list, pageRows, func(r Row) string { return r.Region + r.ID })}, nil
		})
}
