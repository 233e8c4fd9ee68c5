package report

import (
	"context"
	"fmt"

	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

// Unit is an organisation one may name in a case.
type Unit struct {
	ID     string       `db:"id" json:"id"`
	Kind   account.Kind `db:"kind" json:"kind"`
	Name   string       `db:"name" json:"name"`
	Region string       `db:"region" json:"region"`
}

// Units lists the county's units by name, of some kinds or all but families:
// the stations a case may be passed to, the units that may have known.
func (s *Service) Units(ctx context.Context, kinds ...account.Kind) ([]Unit, error) {
	if err := s.rules.Need(ctx, "report.file"); err != nil {
		return nil, err
	}
	actor, _ := authz.ActorOf(ctx)
	county := ""
	if len(actor.Grants) > 0 {
		county = actor.Grants[0].Region[:6]
	}
	where, values := "kind <> ?", []any{string(account.Family)}
	if len(kinds) > 0 {
		where, values = "kind in ("+store.Marks(len(kinds))+")", store.Anys(kinds)
	}
	units, err := store.All[Unit](ctx, s.db, `
		select `+store.Columns[Unit]("")+`
		  from account_organisation
		 where ended_on = '' and substr(region, 1, 6) = ? and `+where+`
		 order by region, name, id
		 limit 1000`, append([]any{county}, values...)...)
	if err != nil {
		return nil, fmt.Errorf("listing units: %w", err)
	}
	return units, nil
}

// Officer is somebody who may be named in a locked case.
type Officer struct {
	ID   string `db:"id" json:"id"`
	Name string `db:"name" json:"name"`
	Role string `db:"role" json:"role"`
	Unit string `db:"unit" json:"unit"`
}

// Admissible lists who may be named in a case: the police who have it, the
// township and civil affairs, and the units asked into it.
func (s *Service) Admissible(ctx context.Context, id string) ([]Officer, error) {
	t, err := s.Reach(ctx, s.db, "thread.change", id)
	if err != nil {
		return nil, err
	}
	officers, err := store.All[Officer](ctx, s.db, `
		select distinct u.id, u.name, g.role, o.name as unit
		  from account_grant g
		  join account_user u on u.id = g.user_id
		  join account_organisation o on o.id = g.organisation_id
		 where g.ended_at is null and u.disabled_at is null
		   and (g.role in (?, ?, ?) and g.region in (?, ?, ?)
		        or g.organisation_id in (select organisation_id from authz_roll where subject_id = ? and until_on = ''))
		 order by g.role, u.name, u.id
		 limit 200`,
		string(authz.Police), string(authz.TownshipSupervisor), string(authz.CivilAffairs),
		t.PoliceRegion, t.Region[:9]+"000", t.Region[:6]+"000000", t.ID)
	if err != nil {
		return nil, fmt.Errorf("listing who may be named: %w", err)
	}
	return officers, nil
}
