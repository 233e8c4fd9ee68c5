package assistance

import (
	"context"
	"slices"
	"strings"

	"shouwang/domain/casework"
	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/platform/fault"
	"shouwang/platform/store"
)

// Service is all that others may call.
type Service struct {
	pack  *policy.Casework
	cases *casework.Service
}

// NewService adds to the casework what data cannot say.
func NewService(p *policy.Service, c *casework.Service) *Service {
	s := &Service{p.Pack.Casework, c}
	c.On("closing", s.closable)
	c.On("concluded_safe", s.closable)
	return s
}

// closable holds a closure to its criteria (四.三.3): nothing that was begun is
// left open, and where help was planned its last review found the hazards
// cleared.
func (s *Service) closable(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	all, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return err
	}
	last := map[string]casework.Record{}
	for _, other := range all { // in the order of their lines
		last[other.LineID] = other
	}
	left := []string{}
	for _, stands := range last {
		kind, _ := s.pack.Kind(stands.Kind)
		if kind.Waits != "" && !slices.Contains(left, kind.Waits) {
			left = append(left, kind.Waits)
		}
	}
	slices.Sort(left)
	if review := last[r.LineID]; review.Kind == "review" && review.Values["hazards"] != "cleared" {
		left = append(left, "最近一次复核时安全隐患还没有排除")
	}
	if len(left) == 0 {
		return nil
	}
	return fault.NewConflict("assistance.open", "还不能结案：%s。", strings.Join(left, "；"))
}
