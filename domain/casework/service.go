package casework

import (
	"context"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// Service is all that others may call.
type Service struct {
	db      *store.DB
	pack    *policy.Casework
	duty    *duty.Service
	report  *report.Service
	journal *journal.Journal
	rules   *authz.Authority
	keys    *crypto.Keyring
	clock   clock.Clock
	hooks   map[string][]Hook
	more    []func(ctx context.Context, t report.Thread, all []Record, data map[string]any) error
}

// NewService returns the casework and gives the case its documents.
func NewService(db *store.DB, p *policy.Service, d *duty.Service, r *report.Service, j *journal.Journal, rules *authz.Authority, keys *crypto.Keyring, c clock.Clock) *Service {
	s := &Service{db: db, pack: p.Pack.Casework, duty: d, report: r, journal: j, rules: rules, keys: keys, clock: c, hooks: map[string][]Hook{}}
	seen := map[string]bool{}
	for _, k := range s.pack.Kinds {
		if k.Paper != "" && !seen[k.Paper] {
			seen[k.Paper] = true
			r.Papers(report.Paper{Kind: k.Paper, Rule: "casework.read", Fill: s.paper})
		}
	}
	return s
}

// Sources are the records that make the chain's clauses live, as the pack says.
func Sources(p *policy.Pack) (out []policy.Source) {
	kinds := map[string][]string{}
	order := []string{}
	for _, k := range p.Casework.Kinds {
		for _, clause := range k.Live {
			if kinds[clause] == nil {
				order = append(order, clause)
			}
			kinds[clause] = append(kinds[clause], "'"+k.ID+"'")
		}
	}
	for _, clause := range order {
		out = append(out, policy.Source{Clause: clause, Kind: "casework", Confined: true,
			Text: "select r.id, '' as child_id, r.thread_id, r.region, r.done_on as on_day from casework_record r where r.kind in (" + join(kinds[clause]) + ")"})
	}
	return out
}

// Name is a kind of record in words.
func (s *Service) Name(kind string) string {
	k, _ := s.pack.Kind(kind)
	return k.Name
}
