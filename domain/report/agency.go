package report

import (
	"context"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// Agency is a key by which a hospital's or a school's own program signs what it
// sends (单位系统接口).
type Agency struct {
	ID      string    `db:"id" json:"id"`
	UnitID  string    `db:"organisation_id" json:"organisation_id"`
	Region  string    `db:"region" json:"region"`
	MadeBy  string    `db:"made_by" json:"-"`
	MadeAt  time.Time `db:"made_at" json:"made_at"`
	EndedAt time.Time `db:"ended_at" json:"ended_at,omitzero"`
	Secret  string    `db:"-" json:"secret,omitempty" doc:"hex; shown once, when it is made"`
}

// signs are the kinds of unit whose programs report.
var signs = map[account.Kind]bool{account.Hospital: true, account.School: true, account.ReliefInstitution: true, account.SocialWorkAgency: true, account.PoliceStation: true, account.CountyPolice: true}

func (s *Service) agencySecret(id string) string {
	return hex.EncodeToString(append(s.keys.Index("report.agency.1", id), s.keys.Index("report.agency.2", id)...))
}

// Agencies lists the keys in reach.
func (s *Service) Agencies(ctx context.Context) ([]Agency, error) {
	scoped, err := s.rules.Scoped(ctx, "agency.change")
	if err != nil {
		return nil, err
	}
	return store.All[Agency](scoped, s.db, `select `+store.Columns[Agency]("a")+` from report_agency a where {scope a id} order by a.made_at desc, a.id limit 200`)
}

// AddAgency makes a key for a unit. Its secret is shown this once.
func (s *Service) AddAgency(ctx context.Context, unit string) (Agency, error) {
	var a Agency
	err := store.Do(store.Again(ctx), s.db, func(tx *store.Tx) error { // the secret is kept nowhere, not even for a resend
		o, found, err := store.Maybe[account.Organisation](ctx, tx, `select `+store.Columns[account.Organisation]("")+` from account_organisation where id = ? and ended_on = ''`, unit)
		if err != nil {
			return fmt.Errorf("reading the unit: %w", err)
		}
		if !found || !signs[o.Kind] {
			return fault.NewInvalid("agency.unit", "请选择学校、医院、救助机构、社工机构或公安机关。").At("organisation_id", "请选择")
		}
		if err := s.rules.Check(ctx, tx, "agency.change", authz.Subject{Kind: "agency", Region: o.Region}); err != nil {
			return err
		}
		a = Agency{ID: newID(), UnitID: o.ID, Region: o.Region, MadeBy: actorID(ctx), MadeAt: s.clock.Now()}
		if err := store.Insert(ctx, tx, "report_agency", a); err != nil {
			return fmt.Errorf("keeping the key: %w", err)
		}
		return s.journal.Record(ctx, tx, "agency.added", journal.Entry{Kind: "agency", ID: a.ID, Region: a.Region, Note: o.Name})
	})
	a.Secret = s.agencySecret(a.ID)
	return a, err
}

// EndAgency ends a key at once.
func (s *Service) EndAgency(ctx context.Context, id string) error {
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		a, found, err := store.Maybe[Agency](ctx, tx, `select `+store.Columns[Agency]("a")+` from report_agency a where a.id = ? and a.ended_at is null`, id)
		if err != nil {
			return fmt.Errorf("reading the key: %w", err)
		}
		if !found {
			return errNone
		}
		if err := s.rules.Check(ctx, tx, "agency.change", authz.Subject{Kind: "agency", ID: id, Region: a.Region}); err != nil {
			return err
		}
		if _, err := store.Exec(ctx, tx, `update report_agency set ended_at = ? where id = ?`, s.clock.Now(), id); err != nil {
			return fmt.Errorf("ending the key: %w", err)
		}
		return s.journal.Record(ctx, tx, "agency.ended", journal.Entry{Kind: "agency", ID: id, Region: a.Region})
	})
}

// A partner's clock may be a day off, and what it could not send for a week it
// sends then: the time is signed for the record, and the report's own id keeps
// a replay from counting twice.
var errSignature = fault.NewDenied("agency.signature", "签名不对或密钥已停用。请核对密钥编号和签名方法，或联系县里重新发放密钥。")

// fromAgency takes a signed report: X-Agency is the key's id, X-Signature the
// hex HMAC-SM3 of X-Time, a line feed and the body.
func (s *Service) fromAgency(w http.ResponseWriter, r *http.Request) (Receipt, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestForm))
	if err != nil {
		return Receipt{}, fault.NewInvalid("report.invalid", "内容太大或没有传完，请重传。").Because(err)
	}
	a, found, err := store.Maybe[Agency](r.Context(), s.db, `select `+store.Columns[Agency]("a")+` from report_agency a where a.id = ? and a.ended_at is null`, r.Header.Get("X-Agency"))
	if err != nil {
		return Receipt{}, fmt.Errorf("reading the key: %w", err)
	}
	key, err := hex.DecodeString(s.agencySecret(a.ID))
	if err != nil {
		return Receipt{}, fmt.Errorf("reading the key: %w", err)
	}
	mac := hmac.New(sm3.New, key)
	io.WriteString(mac, r.Header.Get("X-Time")+"\n")
	mac.Write(body)
	given, err := hex.DecodeString(r.Header.Get("X-Signature"))
	if err != nil || !found || subtle.ConstantTimeCompare(given, mac.Sum(nil)) != 1 {
		return Receipt{}, errSignature
	}
	var n NewReport
	if err := json.Unmarshal(body, &n); err != nil {
		return Receipt{}, fault.NewInvalid("report.invalid", "内容不是约定的格式，请对照接口说明。").Because(err)
	}
	n.ChildID = "" // a partner knows no file of ours
	return s.file(r.Context(), n, sender{channel: System, unit: a.UnitID})
}
