package assistance

import (
	"context"
	"slices"
	"strings"

	"shouwang/domain/casework"
	"shouwang/domain/report"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/store"
)

// Service is all that others may call.
type Service struct {
	db    *store.DB
	cases *casework.Service
	rules *authz.Authority
	clock clock.Clock
}

// NewService adds to the casework what data cannot say.
func NewService(db *store.DB, c *casework.Service, rules *authz.Authority, k clock.Clock) *Service {
	s := &Service{db: db, cases: c, rules: rules, clock: k}
	c.On("closing", s.closable)
	c.On("concluded_safe", s.nothingOpen)
	return s
}

// unfinished are lines that keep a case open while they stand at one of these.
var unfinished = map[string]string{
	"service": "有转介还没有答复", "service_accepted": "有服务还没有办结", "service_progress": "有服务还没有办结",
	"legal_aid": "法律援助还没有结果", "legal_aid_decided": "法律援助还没有结果",
	"search": "失踪查找还没有结束", "broadcast": "失踪查找还没有结束", "sighting": "失踪查找还没有结束", "search_progress": "失踪查找还没有结束",
	"escort": "护送的接收方还没有确认", "care": "临时照料还没有结束", "shelter": "庇护安置还没有结束",
	"temporary_guardianship": "临时监护还没有结束", "placement_reviewed": "临时照料或安置还没有结束",
	"petition": "撤销监护的申请还没有结果", "court_accepted": "法院还没有判决", "hearing": "法院还没有判决",
}

// closable holds a closure to its criteria (四.三.3): the last review found the
// hazards cleared, and nothing that was begun is left open.
func (s *Service) closable(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	left, err := s.left(ctx, tx, t)
	if err != nil {
		return err
	}
	lines, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return err
	}
	for _, last := range lines {
		if last.LineID == r.LineID && last.Place == r.Place-1 && last.Values["hazards"] != "cleared" {
			left = append(left, "最近一次复核时安全隐患还没有排除")
		}
	}
	return refuse(left)
}

// nothingOpen is the same for a case that needs no help.
func (s *Service) nothingOpen(ctx context.Context, tx *store.Tx, t *report.Thread, _ *casework.Record) error {
	left, err := s.left(ctx, tx, t)
	if err != nil {
		return err
	}
	return refuse(left)
}

func refuse(left []string) error {
	if len(left) == 0 {
		return nil
	}
	return fault.NewConflict("assistance.open", "还不能结案：%s。", strings.Join(left, "；"))
}

// left is what was begun and not ended in a case.
func (s *Service) left(ctx context.Context, tx *store.Tx, t *report.Thread) ([]string, error) {
	all, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return nil, err
	}
	last := map[string]string{}
	for _, r := range all { // in the order of their lines
		last[r.LineID] = r.Kind
	}
	out := []string{}
	for _, kind := range last {
		if words := unfinished[kind]; words != "" && !slices.Contains(out, words) {
			out = append(out, words)
		}
	}
	slices.Sort(out)
	return out, nil
}
