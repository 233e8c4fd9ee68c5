package app

import (
	"context"
	"fmt"
	"strings"

	"shouwang/domain/policy"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// office is an organisation of the county that a new installation begins with.
type office struct {
	kind account.Kind
	name string
}

// countyOffices are the units the plan names at county level; %s is the county.
var countyOffices = []office{
	{account.CivilAffairs, "%s民政局"},
	{account.EducationAuthority, "%s教育委员会"},
	{account.CountyPolice, "%s公安局"},
	{account.HealthAuthority, "%s卫生健康委员会"},
	{account.ReliefInstitution, "%s未成年人救助保护中心"},
	{account.MassOrganisation, "%s总工会"},
	{account.MassOrganisation, "共青团%s委员会"},
	{account.MassOrganisation, "%s妇女联合会"},
	{account.MassOrganisation, "%s残疾人联合会"},
	{account.MassOrganisation, "%s关心下一代工作委员会"},
	{account.Department, "%s人力资源和社会保障局"},
	{account.Department, "%s住房和城乡建设委员会"},
	{account.Department, "%s财政局"},
	{account.Department, "%s司法局"},
	{account.ConferenceOffice, "%s农村留守儿童关爱保护工作联席会议办公室"},
	{account.SupervisionOffice, "%s人民政府督查室"},
}

// Founding says what a county decides on its first day.
type Founding struct {
	County  string         // six or twelve digits
	Numbers map[string]int // the county's own numbers; those not named stand as proposed
	Sources map[string]string
}

// Founded is what the first day leaves: who may sign in, and with which codes.
type Founded struct {
	County string
	Admins []FirstAdmin
}

// FirstAdmin is one of the three administrators with the code to print.
type FirstAdmin struct {
	Username string
	RoleName string
	Code     string
}

// Found makes a county of an empty installation: divisions, offices, township
// and village committees, the three administrators, and the county's own
// decisions on the numbers the plan leaves to it. Conflict when the
// installation is not empty.
func (a *App) Found(ctx context.Context, f Founding) (*Founded, error) {
	code, ok := region.ParseCode(strings.TrimSpace(f.County))
	if !ok || code.Level() != region.County {
		return nil, fault.NewInvalid("init.county", "县级区划代码应为 6 位数字，例如 500235。")
	}
	ctx = authz.AsSystem(ctx, "init")
	out := &Founded{County: string(code)}
	err := store.Do(ctx, a.DB, func(tx *store.Tx) error {
		n, err := store.One[int](ctx, tx, `select count(*) from account_user`)
		if err != nil {
			return fmt.Errorf("looking at the installation: %w", err)
		}
		if n > 0 {
			return fault.NewConflict("init.done", "这个数据库已经初始化过，不能再次初始化。")
		}
		if n, err := store.One[int](ctx, tx, `select count(*) from region_region`); err != nil || n == 0 {
			if err != nil {
				return fmt.Errorf("looking at the divisions: %w", err)
			}
			if err := region.SeedTx(ctx, tx); err != nil {
				return err
			}
		}
		book, err := region.Load(ctx, tx)
		if err != nil {
			return err
		}
		if err := a.offices(ctx, tx, book, code); err != nil {
			return err
		}
		admins, err := a.administrators(ctx, tx, code)
		if err != nil {
			return err
		}
		out.Admins = admins
		return a.decide(ctx, tx, f, code)
	})
	if err != nil {
		return nil, err
	}
	return out, a.LoadRegions(ctx)
}

func (a *App) offices(ctx context.Context, tx *store.Tx, book *region.Book, county region.Code) error {
	at, ok := book.Find(county)
	if !ok {
		return fault.NewInvalid("init.county", "内置区划中没有这个县，请核对代码。")
	}
	add := func(o account.Organisation) (string, error) {
		r, err := a.Accounts.AddOrganisationTx(ctx, tx, o)
		return r.ID, err
	}
	for _, o := range countyOffices {
		if _, err := add(account.Organisation{Kind: o.kind, Name: fmt.Sprintf(o.name, at.Name), Region: string(county)}); err != nil {
			return err
		}
	}
	for _, town := range book.Children(county) {
		suffix := "人民政府"
		if strings.HasSuffix(town.Name, "街道") {
			suffix = "办事处"
		}
		parent, err := add(account.Organisation{Kind: account.TownshipGovernment, Name: town.Name + suffix, Region: string(town.Code)})
		if err != nil {
			return err
		}
		for _, v := range book.Children(town.Code) {
			if _, err := add(account.Organisation{Kind: account.VillageCommittee, Name: v.Name, Region: string(v.Code), ParentID: parent}); err != nil {
				return err
			}
		}
	}
	return nil
}

// administrators gives the three administrators accounts with activation codes.
func (a *App) administrators(ctx context.Context, tx *store.Tx, county region.Code) ([]FirstAdmin, error) {
	office, err := a.organisation(ctx, tx, account.ConferenceOffice, string(county))
	if err != nil {
		return nil, err
	}
	var out []FirstAdmin
	for _, n := range []struct {
		username string
		role     authz.Role
	}{{"system", authz.SystemAdmin}, {"security", authz.SecurityAdmin}, {"auditor", authz.AuditAdmin}} {
		info, _ := authz.Info(n.role)
		r, code, err := a.Accounts.AddUserTx(ctx, tx, account.NewUser{Username: n.username, Name: info.Name}, "")
		if err != nil {
			return nil, err
		}
		if _, err := a.Accounts.GivePostTx(ctx, tx, account.Grant{UserID: r.ID, Role: string(n.role), OrganisationID: office, Region: string(county)}); err != nil {
			return nil, err
		}
		out = append(out, FirstAdmin{n.username, info.Name, code})
	}
	return out, nil
}

// organisation finds the county's unit of a kind; name narrows when given.
func (a *App) organisation(ctx context.Context, q store.Querier, kind account.Kind, at string, name ...string) (string, error) {
	like := "%"
	if len(name) > 0 {
		like = "%" + name[0] + "%"
	}
	id, err := store.One[string](ctx, q, `select id from account_organisation where kind = ? and region = ? and name like ? order by name limit 1`, string(kind), at, like)
	if err != nil {
		return "", fmt.Errorf("finding %s at %s: %w", kind, at, err)
	}
	return id, nil
}

// decide records the county's own numbers: those given, and for the rest the
// proposals, which are thereby the county's.
func (a *App) decide(ctx context.Context, tx *store.Tx, f Founding, county region.Code) error {
	var decisions []policy.Decision
	for _, p := range a.Policy.Pack.Parameters {
		value, given := f.Numbers[p.Key]
		if p.Kind == "county" && !given {
			value, given = p.Value, true
		}
		if given {
			decisions = append(decisions, policy.Decision{Key: p.Key, Value: value, Source: f.Sources[p.Key]})
		}
	}
	return a.Policy.ConfirmTx(ctx, tx, string(county), decisions...)
}
