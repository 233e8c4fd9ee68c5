package assessment

import (
	"context"
	"slices"

	"shouwang/domain/casework"
	"shouwang/domain/report"
	"shouwang/platform/fault"
	"shouwang/platform/store"
)

// Service is all that others may call.
type Service struct{ cases *casework.Service }

// NewService adds to the casework what data cannot say.
func NewService(c *casework.Service) *Service {
	s := &Service{c}
	c.On("scale", overridden)
	c.On("conference", s.grounded)
	c.On("signature", s.once)
	c.On("concluded", s.asDecided)
	c.On("concluded_safe", s.asDecided)
	return s
}

// overridden asks a person who sees the level otherwise for the reason.
func overridden(_ context.Context, _ *store.Tx, _ *report.Thread, r *casework.Record) error {
	level, _ := r.Values["level"].(string)
	if reason, _ := r.Values["reason"].(string); level != "" && reason == "" {
		return fault.NewInvalid("assessment.reason", "有内容需要修改，请看标出的地方。").At("reason", "与量表结果不同的，请写明理由")
	}
	return nil
}

// grounded lets no conference decide about a child whom nobody visited or heard.
func (s *Service) grounded(ctx context.Context, tx *store.Tx, t *report.Thread, _ *casework.Record) error {
	all, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return err
	}
	for kind, missing := range map[string]string{
		"assessment_visit": "还没有入户调查的记录。", "child_view": "还没有听取孩子意见的记录；孩子年幼不能表达的，也请登记。",
	} {
		if !slices.ContainsFunc(all, func(r casework.Record) bool { return r.Kind == kind }) {
			return fault.NewConflict("assessment.ground", "%s请先登记，再记录会商结论。", missing)
		}
	}
	return nil
}

// once lets each unit sign a conclusion one time.
func (s *Service) once(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	all, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.LineID == r.LineID && other.Kind == r.Kind && other.AuthorUnit == r.AuthorUnit && r.AuthorUnit != "" {
			return fault.NewConflict("assessment.signed", "贵单位已经会签过这份结论。")
		}
	}
	return nil
}

// asDecided holds a conclusion to what the conference decided and signed.
func (s *Service) asDecided(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	all, err := s.cases.Records(ctx, tx, *t)
	if err != nil {
		return err
	}
	for _, conference := range all {
		if conference.ID == r.LineID && (conference.Values["outcome"] == "close") != (r.Kind == "concluded_safe") {
			return fault.NewConflict("assessment.decided", "会商的决定与这项结论不一致。决定写错了的，请先更正会商记录；需要改变决定的，请再次会商。")
		}
	}
	return nil
}
