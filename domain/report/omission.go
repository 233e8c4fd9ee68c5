package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// NewOmission says that a unit saw signs earlier and did not report (应报未报).
type NewOmission struct {
	UnitID  string    `json:"organisation_id" maxLength:"40"`
	KnownOn clock.Day `json:"known_on" maxLength:"10" doc:"when it knew"`
	Text    string    `json:"text" maxLength:"1000" doc:"what it saw, and how that is known"`
}

// Omission is the look back at a report that was not made (漏报核查).
type Omission struct {
	ID          string        `db:"id" json:"id" see:"basic"`
	ThreadID    string        `db:"thread_id" json:"thread_id" see:"basic"`
	Region      string        `db:"region" json:"region" see:"basic"`
	UnitID      string        `db:"organisation_id" json:"organisation_id" see:"basic"`
	KnownOn     clock.Day     `db:"known_on" json:"known_on" see:"basic"`
	Sealed      []byte        `db:"sealed" json:"-"`
	FoundBy     string        `db:"found_by" json:"-"`
	FoundAt     time.Time     `db:"found_at" json:"found_at" see:"basic"`
	PriorState  OmissionState `db:"prior_state" json:"-"`
	State       OmissionState `db:"state" json:"state" see:"basic"`
	Outcome     string        `db:"outcome" json:"outcome" see:"basic"`
	DecidedBy   string        `db:"decided_by" json:"-"`
	ConcludedAt time.Time     `db:"concluded_at" json:"concluded_at,omitzero" see:"basic"`
	Version     int           `db:"version" json:"-"`
	Unit        string        `db:"-" json:"organisation" see:"basic"`
	Text        string        `db:"-" json:"text" see:"basic"`
}

// Outcomes are what a unit that did not report may face (四.一.3).
var Outcomes = []registry.Word{{Code: "none", Name: "查明已报告或无须报告"}, {Code: "talk", Name: "约谈、责令改正"}, {Code: "criticism", Name: "通报批评"},
	{Code: "discipline", Name: "依法给予处分"}, {Code: "transferred", Name: "移送纪检监察或司法机关"}}

func omissionPlace(id string) crypto.Place {
	return crypto.Place{Column: "report_omission.sealed", ID: id}
}

// answersFor is the office above a unit, which looks into what it left undone:
// for a hospital the health authority, where one is entered.
func answersFor(ctx context.Context, q store.Querier, unit account.Organisation, at string) (authz.Post, error) {
	switch unit.Kind {
	case account.School:
		return authz.Post{Role: authz.Education}, nil
	case account.Hospital:
		o, found, err := account.FindOrganisation(ctx, q, account.HealthAuthority, at)
		if err != nil {
			return authz.Post{}, fmt.Errorf("finding the health authority: %w", err)
		}
		if found {
			return authz.Post{Role: authz.Health, Region: o.Region, Unit: o.ID}, nil
		}
	}
	return authz.Post{Role: authz.CivilAffairs}, nil
}

// Omit records that a unit knew and did not report; the office above it looks
// into it.
func (s *Service) Omit(ctx context.Context, id string, n NewOmission) error {
	n.Text = strings.TrimSpace(n.Text)
	bad := fault.NewInvalid("omission.invalid", "有内容需要修改，请看标出的地方。")
	if !n.KnownOn.Valid() || n.KnownOn > clock.Today(s.clock) {
		bad = bad.At("known_on", "请填写该单位知情的日期")
	}
	if len([]rune(n.Text)) < 4 {
		bad = bad.At("text", "请写明该单位当时看到了什么、依据是什么")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		t, err := s.Reach(ctx, tx, "report.omission", id)
		if err != nil {
			return err
		}
		unit, found, err := store.Maybe[account.Organisation](ctx, tx, `select `+store.Columns[account.Organisation]("")+` from account_organisation where id = ?`, n.UnitID)
		if err != nil {
			return fmt.Errorf("reading the unit: %w", err)
		}
		if !found {
			return bad.At("organisation_id", "请选择单位")
		}
		key, err := s.keys.Key(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		o := Omission{ID: newID(), ThreadID: t.ID, Region: t.Region, UnitID: unit.ID, KnownOn: n.KnownOn, FoundBy: actorID(ctx), FoundAt: s.clock.Now(), State: Found, Version: 1}
		o.Sealed = key.Seal(omissionPlace(o.ID), n.Text)
		if err := store.Insert(ctx, tx, "report_omission", o); err != nil {
			return fmt.Errorf("recording the omission: %w", err)
		}
		post, err := answersFor(ctx, tx, unit, t.Region)
		if err != nil {
			return err
		}
		opening := duty.Opening{Rule: ruleOmission, ChildID: t.ChildID, ThreadID: t.ID, SubjectKind: "omission", SubjectID: o.ID, Region: t.Region, Post: post}
		if _, err := s.duty.OpenTx(ctx, tx, opening); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "report.omission", t.Entry("omission", o.ID, ""))
	})
}

func (s *Service) omission(ctx context.Context, q store.Querier, id string) (Omission, error) {
	o, found, err := store.Maybe[Omission](ctx, q, `select `+store.Columns[Omission]("o")+` from report_omission o where o.id = ?`, id)
	if err != nil {
		return Omission{}, fmt.Errorf("reading the omission: %w", err)
	}
	if !found {
		return Omission{}, s.rules.Absent(ctx, "report.conclude", "omission")
	}
	health, _, err := account.FindOrganisation(ctx, q, account.HealthAuthority, o.Region)
	if err != nil {
		return Omission{}, fmt.Errorf("finding the health authority: %w", err)
	}
	return o, s.rules.Check(ctx, q, "report.conclude", authz.Subject{Kind: "omission", ID: o.ID, Person: o.ThreadID, Region: o.Region, Unit: health.ID})
}

// Omission shows one look back to the office that concludes it.
func (s *Service) Omission(ctx context.Context, id string) (Omission, error) {
	o, err := s.omission(ctx, s.db, id)
	if err != nil {
		return Omission{}, err
	}
	key, err := s.keys.Key(ctx, s.db, o.ThreadID)
	if err != nil {
		return Omission{}, err
	}
	if o.Text, err = key.Open(omissionPlace(o.ID), o.Sealed); err != nil {
		return Omission{}, err
	}
	if o.Unit, err = store.One[string](ctx, s.db, `select name from account_organisation where id = ?`, o.UnitID); err != nil {
		return Omission{}, fmt.Errorf("reading the unit: %w", err)
	}
	e := Thread{ID: o.ThreadID, Region: o.Region}.Entry("omission", o.ID, "")
	return o, s.journal.Read(ctx, "report.conclude", e)
}

// Conclude records what the unit faces.
func (s *Service) Conclude(ctx context.Context, id, outcome string) error {
	if !slices.ContainsFunc(Outcomes, func(w registry.Word) bool { return w.Code == outcome }) {
		return fault.NewInvalid("omission.outcome", "请选择核查结论。").At("outcome", "请选择")
	}
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		o, err := s.omission(ctx, tx, id)
		if err != nil {
			return err
		}
		next, err := OmissionTransitions.Next(o.State, Conclude)
		if err != nil {
			return err
		}
		n, err := store.Exec(ctx, tx, `
			update report_omission set prior_state = ?, state = ?, outcome = ?, decided_by = ?, concluded_at = ?, version = version + 1
			 where id = ? and state = ? and version = ?`, string(o.State), string(next), outcome, actorID(ctx), s.clock.Now(), o.ID, string(o.State), o.Version)
		if err != nil {
			return fmt.Errorf("concluding: %w", err)
		}
		if n == 0 {
			return errStale
		}
		if err := tally.AddTx(ctx, tx, tally.Delta{Name: policy.FigureClause, Region: o.Region, Part: "四.一.3", N: 1}); err != nil {
			return err
		}
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{SubjectKind: "omission", SubjectID: o.ID}, duty.Evidence{Kind: "omission", ID: o.ID}); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "report.conclude", Thread{ID: o.ThreadID, Region: o.Region}.Entry("omission", o.ID, outcome))
	})
}
