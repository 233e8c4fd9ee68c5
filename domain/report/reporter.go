package report

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// reporterOwner is whose key a reporter's particulars lie under, and the name
// of their compartment.
func reporterOwner(report string) string { return "reporter:" + report }

func reporterPlace(report string) crypto.Place {
	return crypto.Place{Column: "report_reporter.sealed", ID: report}
}

type reporterRow struct {
	ReportID string `db:"report_id"`
	UserID   string `db:"user_id"`
	Sealed   []byte `db:"sealed"`
}

func (s *Service) keepReporter(ctx context.Context, tx *store.Tx, report string, who Reporter, user string) error {
	keys, err := s.keys.New(ctx, tx, s.clock.Now(), reporterOwner(report))
	if err != nil {
		return err
	}
	text, err := json.Marshal(who)
	if err != nil {
		return fmt.Errorf("keeping the reporter: %w", err)
	}
	row := reporterRow{report, user, keys[reporterOwner(report)].Seal(reporterPlace(report), string(text))}
	if err := store.Insert(ctx, tx, "report_reporter", row); err != nil {
		return fmt.Errorf("keeping the reporter: %w", err)
	}
	return nil
}

// Reporter opens who sent a report, for a reason that stands in the journal.
// Only those whom the compartment names may; NotFound when nobody gave a name.
func (s *Service) Reporter(ctx context.Context, report, reason string) (Reporter, error) {
	if len([]rune(strings.TrimSpace(reason))) < 4 {
		return Reporter{}, fault.NewInvalid("report.reason", "请写明为什么要查看报告人。").At("reason", "请写明事由")
	}
	t, err := s.threadOf(ctx, s.db, report)
	if err != nil {
		return Reporter{}, err
	}
	if err := s.rules.Check(ctx, s.db, "report.reporter", authz.Subject{Kind: "reporter", ID: report, Person: t.ID, Locked: reporterOwner(report)}); err != nil {
		return Reporter{}, err
	}
	row, found, err := store.Maybe[reporterRow](ctx, s.db, `select p.report_id, p.user_id, p.sealed from report_reporter p where p.report_id = ?`, report)
	if err != nil {
		return Reporter{}, fmt.Errorf("reading the reporter: %w", err)
	}
	if !found {
		return Reporter{}, fault.NewNotFound("report.anonymous", "报告人没有留下姓名和联系方式。")
	}
	key, err := s.keys.Key(ctx, s.db, reporterOwner(report))
	if err != nil {
		return Reporter{}, err
	}
	text, err := key.Open(reporterPlace(report), row.Sealed)
	if err != nil {
		return Reporter{}, err
	}
	var who Reporter
	if err := json.Unmarshal([]byte(text), &who); err != nil {
		return Reporter{}, fmt.Errorf("reading the reporter: %w", err)
	}
	if who.Name == "" && row.UserID != "" {
		if who.Name, _, err = store.Maybe[string](ctx, s.db, `select name from account_user where id = ?`, row.UserID); err != nil {
			return Reporter{}, fmt.Errorf("reading the reporter: %w", err)
		}
	}
	e := t.Entry("reporter", report, "")
	e.Note = "事由：" + strings.TrimSpace(reason)
	return who, s.journal.Read(ctx, "report.reporter", e)
}

// threadOf is the case a report belongs to.
func (s *Service) threadOf(ctx context.Context, q store.Querier, report string) (Thread, error) {
	t, found, err := store.Maybe[Thread](ctx, q, `
		select `+store.Columns[Thread]("t")+` from report_report r join report_thread t on t.id = r.thread_id where r.id = ?`, report)
	if err != nil {
		return Thread{}, fmt.Errorf("reading the report: %w", err)
	}
	if !found {
		return Thread{}, errNone
	}
	return t, nil
}

// NewAward is a decision to thank a reporter (表扬、奖励). It does not say whom:
// who pays asks the compartment.
type NewAward struct {
	ReportID string `json:"report_id" maxLength:"40"`
	Kind     string `json:"kind" enum:"praise,money,none" doc:"none: why there is no reward"`
	Amount   int    `json:"amount,omitempty" minimum:"0" maximum:"1000000" doc:"yuan"`
	Reason   string `json:"reason" maxLength:"200" doc:"public words"`
}

type award struct {
	ID        string    `db:"id"`
	ReportID  string    `db:"report_id"`
	ThreadID  string    `db:"thread_id"`
	Region    string    `db:"region"`
	Kind      string    `db:"kind"`
	Amount    int       `db:"amount"`
	Reason    string    `db:"reason"`
	DecidedBy string    `db:"decided_by"`
	DecidedOn clock.Day `db:"decided_on"`
}

// Award records the decision on one report of a case. Conflict when it was
// decided before, or the report is not answered yet.
func (s *Service) Award(ctx context.Context, id string, n NewAward) error {
	if n.Kind == "money" != (n.Amount > 0) || strings.TrimSpace(n.Reason) == "" {
		return fault.NewInvalid("award.invalid", "请写明理由；发奖金的写明金额。").At("reason", "请写明理由")
	}
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		t, err := s.Reach(ctx, tx, "report.award", id)
		if err != nil {
			return err
		}
		answered, err := reports(ctx, tx, t, Answered)
		if err != nil {
			return err
		}
		var r Report
		for _, x := range answered {
			if x.ID == n.ReportID {
				r = x
			}
		}
		if r.ID == "" {
			return fault.NewConflict("award.early", "报告还没有办结告知，办结后再决定奖励。")
		}
		a := award{ID: newID(), ReportID: r.ID, ThreadID: t.ID, Region: t.Region, Kind: n.Kind, Amount: n.Amount, Reason: strings.TrimSpace(n.Reason),
			DecidedBy: actorID(ctx), DecidedOn: clock.Today(s.clock)}
		if err := store.Insert(ctx, tx, "report_award", a); err != nil {
			if store.IsUnique(err) {
				return fault.NewConflict("award.decided", "这份报告的奖励已经决定过。").Because(err)
			}
			return fmt.Errorf("recording the award: %w", err)
		}
		// Whoever pays it may open who it is for.
		if err := authz.NameTx(ctx, tx, reporterOwner(r.ID), actorID(ctx), actorID(ctx), s.clock.Now()); err != nil {
			return err
		}
		if n.Kind != "none" {
			if err := tally.AddTx(ctx, tx, tally.Delta{Name: policy.FigureClause, Region: t.Region, Part: "四.一.4", N: 1}); err != nil {
				return err
			}
		}
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleAward}}, duty.Evidence{Kind: "award", ID: a.ID}); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "report.award", t.Entry("award", a.ID, n.Kind))
	})
}
