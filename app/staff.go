package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/region"
	"shouwang/platform/sheet"
	"shouwang/platform/store"
)

// Engaged is a line of a staff roster as it was taken: an account and a code to
// print, or why not.
type Engaged struct {
	Row      int
	Name     string
	Place    string
	Role     string
	Username string
	Code     string
	Problem  string
}

// staffFields are what a staff roster is read for; few are needed.
var staffFields = []sheet.Field{
	{Key: "name", Names: []string{"姓名", "儿童主任姓名", "督导员姓名"}, Required: true},
	{Key: "role", Names: []string{"岗位", "角色", "登记类型", "职务"}},
	{Key: "place", Names: []string{"职责范围", "村（社区）", "村居", "村/社区名称", "所在村", "乡镇（街道）", "工作单位", "单位", "区划"}},
	{Key: "username", Names: []string{"账号", "用户名"}},
}

// staffPosts are the posts a roster may fill, by the word that names them.
var staffPosts = []struct {
	word string
	role authz.Role
	kind account.Kind
	at   region.Level
}{
	{"督导员", authz.TownshipSupervisor, account.TownshipGovernment, region.Town},
	{"主任", authz.VillageDirector, account.VillageCommittee, region.Village},
}

// Engage gives the people of a staff roster accounts, posts and activation
// codes (村级儿童主任、乡镇儿童督导员名册). Rows that cannot be taken say why and
// leave the others alone. A post already held by the same name is left as it is.
func (a *App) Engage(ctx context.Context, file string) ([]Engaged, error) {
	actor, _ := authz.ActorOf(ctx)
	if len(actor.Grants) == 0 {
		return nil, fault.NewDenied("user.change", "请用安全管理员的账号办理。")
	}
	book, err := sheet.OpenFile(file, sheet.Limits{})
	if err != nil {
		return nil, err
	}
	defer book.Close()
	tables, err := book.Tables(staffFields)
	if err != nil {
		return nil, err
	}
	county := region.Code(actor.Grants[0].Region[:6] + "000000")
	resolver := region.NewResolver(a.Book(), county, string(a.today()))
	var out []Engaged
	for _, t := range tables {
		if t.None != "" {
			continue
		}
		for row, err := range t.Rows() {
			if err != nil {
				return nil, err
			}
			e := Engaged{Row: row.Number, Name: identity.NormalizeName(row.Cell("name").Text), Place: row.Cell("place").Text, Role: row.Cell("role").Text}
			if e.Place == "" {
				e.Place = t.Sheet
			}
			if err := a.engage(ctx, resolver, &e, row.Cell("username").Text); err != nil {
				if fault.Of(err).Kind == fault.Internal {
					return nil, err
				}
				e.Problem = fault.Of(err).Text
			}
			out = append(out, e)
		}
	}
	return out, nil
}

func (a *App) engage(ctx context.Context, resolver *region.Resolver, e *Engaged, username string) error {
	if err := identity.CheckName(e.Name); err != nil {
		return err
	}
	place := resolver.Resolve(e.Place, "")
	if place.Outcome != region.Found && place.Outcome != region.TownOnly {
		return fault.NewInvalid("staff.place", "没有认出管辖的村（社区）或乡镇，请写全，例如“双江街道杏家湾社区”。")
	}
	level := place.Code.Level()
	post := staffPosts[1]
	if strings.Contains(e.Role, staffPosts[0].word) || e.Role == "" && level == region.Town {
		post = staffPosts[0]
	}
	if level != post.at {
		return fault.NewInvalid("staff.level", "%s的管辖范围应填到%s。", post.word, map[region.Level]string{region.Town: "乡镇（街道）", region.Village: "村（社区）"}[post.at])
	}
	info, _ := authz.Info(post.role)
	e.Role = info.Name
	return store.Do(store.Again(ctx), a.DB, func(tx *store.Tx) error {
		held, err := store.One[int](ctx, tx, `
			select count(*) from account_grant g join account_user u on u.id = g.user_id
			 where g.role = ? and g.region = ? and g.ended_at is null and u.name = ?`, string(post.role), string(place.Code), e.Name)
		if err != nil {
			return fmt.Errorf("reading posts: %w", err)
		}
		if held > 0 {
			return fault.NewConflict("staff.held", "已经在岗，没有重复建立账号。")
		}
		if e.Username, err = freeUsername(ctx, tx, username, e.Name); err != nil {
			return err
		}
		organisation, ok, err := account.FindOrganisation(ctx, tx, post.kind, string(place.Code))
		if err != nil {
			return err
		}
		if !ok {
			return fault.NewNotFound("staff.organisation", "这个村（社区）或乡镇还没有登记单位，请系统管理员先登记。")
		}
		r, code, err := a.Accounts.AddUserTx(ctx, tx, account.NewUser{Username: e.Username, Name: e.Name}, "")
		if err != nil {
			return err
		}
		e.Code = code
		_, err = a.Accounts.GivePostTx(ctx, tx, account.Grant{UserID: r.ID, Role: string(post.role), OrganisationID: organisation.ID, Region: string(place.Code)})
		return err
	})
}

// freeUsername is the one asked for, or the name in pinyin with a number after
// it when somebody has it already.
func freeUsername(ctx context.Context, tx *store.Tx, wanted, name string) (string, error) {
	wanted = strings.ToLower(strings.TrimSpace(wanted))
	if wanted != "" {
		return wanted, nil
	}
	wanted = identity.Pinyin(name)[0].Full
	for n := 1; ; n++ {
		try := wanted
		if n > 1 {
			try += strconv.Itoa(n)
		}
		taken, err := store.One[int](ctx, tx, `select count(*) from account_user where username = ?`, try)
		if err != nil {
			return "", fmt.Errorf("looking for a user name: %w", err)
		}
		if taken == 0 {
			return try, nil
		}
	}
}
