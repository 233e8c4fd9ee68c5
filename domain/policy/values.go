package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// Rules of this mechanism.
var Rules = authz.Rules{
	"policy.read":   {authz.Everyone()},
	"policy.decide": {authz.InRegion(authz.CivilAffairs, authz.Conference)},
}

// Service holds the pack and the county's own numbers.
type Service struct {
	Pack    *Pack
	db      *store.DB
	journal *journal.Journal
	rules   *authz.Authority
	clock   clock.Clock
}

// NewService returns the policy of an installation.
func NewService(db *store.DB, j *journal.Journal, rules *authz.Authority, pack *Pack, c clock.Clock) *Service {
	return &Service{Pack: pack, db: db, journal: j, rules: rules, clock: c}
}

// Decision is a number as the county decided it.
type Decision struct {
	ID          string    `db:"id" json:"id"`
	County      string    `db:"county" json:"county"`
	Key         string    `db:"key" json:"key"`
	Value       int       `db:"value" json:"value"`
	Source      string    `db:"source" json:"source"`
	EffectiveOn clock.Day `db:"effective_on" json:"effective_on"`
	DecidedBy   string    `db:"decided_by" json:"decided_by"`
	DecidedAt   time.Time `db:"decided_at" json:"decided_at"`
}

// Numbers are the values in force on a day for one county.
type Numbers map[string]int

// Numbers reads what is in force for the county of a region: its own decisions
// over the pack's. A number the pack marks unverified is absent until the
// county has decided it with a source of its own.
func (s *Service) Numbers(ctx context.Context, q store.Querier, region string, on clock.Day) (Numbers, error) {
	n := Numbers{}
	for _, p := range s.Pack.Parameters {
		if p.Confidence != Unverified && p.From <= on {
			n[p.Key] = p.Value
		}
	}
	decided, err := store.All[Decision](ctx, q, `
		select `+store.Columns[Decision]("")+`
		  from policy_value
		 where county = ? and effective_on <= ?
		 order by effective_on, decided_at, id`, region[:6]+"000000", string(on))
	if err != nil {
		return nil, fmt.Errorf("reading the county's numbers: %w", err)
	}
	for _, d := range decided {
		n[d.Key] = d.Value
	}
	return n, nil
}

// Confirm records the county's decision on numbers that are its own to decide.
// A statutory number that is known cannot be changed; an unverified one needs a
// source. Invalid names the key at fault.
func (s *Service) Confirm(ctx context.Context, region string, decisions ...Decision) error {
	return store.Do(ctx, s.db, func(tx *store.Tx) error { return s.ConfirmTx(ctx, tx, region, decisions...) })
}

// ConfirmTx is Confirm inside a caller's transaction.
func (s *Service) ConfirmTx(ctx context.Context, tx *store.Tx, region string, decisions ...Decision) error {
	county := region[:6] + "000000"
	if err := s.rules.Check(ctx, tx, "policy.decide", authz.Subject{Kind: "parameter", Region: county}); err != nil {
		return err
	}
	author, _ := journal.AuthorOf(ctx)
	for i, d := range decisions {
		p, ok := s.Pack.Parameter(d.Key)
		switch {
		case !ok:
			return fault.NewInvalid("policy.unknown", "没有这个参数。").At(fmt.Sprintf("numbers[%d].key", i), "不在参数表中")
		case d.Value < 1 || d.Value > 3650:
			return fault.NewInvalid("policy.value", "数值应在 1 到 3650 之间。").At(d.Key, "请填 1 到 10080 的整数")
		case p.Kind == "statutory" && p.Confidence != Unverified && d.Value != p.Value:
			return fault.NewInvalid("policy.statutory", "法律法规规定的数值不能由县里修改。").At(d.Key, "法定数值")
		case p.Confidence == Unverified && d.Source == "":
			return fault.NewInvalid("policy.source", "这个数值还没有核实出处，启用前请填写依据的文件名和文号。").At(d.Key, "请填写依据")
		}
		d.ID, d.County, d.DecidedAt, d.DecidedBy = uuid.Must(uuid.NewV7()).String(), county, s.clock.Now(), author.ID
		if d.EffectiveOn == "" {
			d.EffectiveOn = clock.Today(s.clock)
		}
		if !d.EffectiveOn.Valid() {
			return fault.NewInvalid("policy.day", "请填写生效日期。").At(d.Key, "日期应写成 2026-01-31 这样")
		}
		if err := store.Insert(ctx, tx, "policy_value", d); err != nil {
			return fmt.Errorf("keeping a decision: %w", err)
		}
		if err := tally.AddTx(ctx, tx, tally.Delta{Name: FigureClause, Region: county, Part: "二.一.1", N: 1}); err != nil {
			return err
		}
		if err := s.journal.Record(ctx, tx, "policy.decided", journal.Entry{Kind: "parameter", ID: d.ID, Region: county,
			Changes: []journal.Change{{Field: d.Key, New: fmt.Sprint(d.Value)}}}); err != nil {
			return err
		}
	}
	return nil
}
