package account

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

// Cookies hold nothing that can be read: tokens, HttpOnly, this site only.
const (
	sessionCookie = "shouwang_session"
	deviceCookie  = "shouwang_device"
)

// RequestActor finds who sends a request, for web.Chain.
func (s *Service) RequestActor(r *http.Request) (authz.Actor, bool, error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return authz.Actor{}, false, nil
	}
	return s.Actor(r.Context(), c.Value)
}

// Demo is the sign-in names a demonstration shows on its sign-in page.
type Demo struct {
	Username string `json:"username"`
	Password string `json:"password"`
	RoleName string `json:"role_name"`
	About    string `json:"about"`
}

// Post is one of the signed-in person's posts, in words.
type Post struct {
	Role         authz.Role `json:"role"`
	RoleName     string     `json:"role_name"`
	Organisation string     `json:"organisation"`
	Region       string     `json:"region"`
}

// Session is who is signed in and what they can do somewhere.
type Session struct {
	Account struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Username   string `json:"username"`
		MustChange bool   `json:"must_change"`
	} `json:"account"`
	Posts    []Post   `json:"posts"`
	Can      []string `json:"can" doc:"actions the person's roles have somewhere"`
	DraftKey string   `json:"draft_key" doc:"base64; seals drafts this account keeps on the device"`
	Today    string   `json:"today"`
	Demo     bool     `json:"demo"`
}

type cookies struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

func issued(in SignedIn, secure bool) cookies {
	base := http.Cookie{Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure}
	session, device := base, base
	session.Name, session.Value, session.MaxAge = sessionCookie, in.Token, sessionHours*3600
	device.Name, device.Value, device.MaxAge = deviceCookie, in.Device, 365*24*3600
	return cookies{[]http.Cookie{session, device}}
}

// Routes registers the package's operations. demo is empty for a real county.
func (s *Service) Routes(api *web.API, demo []Demo, secure bool) {
	web.Handle(api, web.Op{Method: "GET", Path: "/api/session", ID: "session", Rule: "session.own", Summary: "Who is signed in"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body Session }, error) {
			session, err := s.session(ctx)
			if err != nil {
				return nil, err
			}
			session.Demo = len(demo) > 0
			return &struct{ Body Session }{session}, nil
		})

	type signIn struct {
		Device string `cookie:"shouwang_device"`
		Body   struct {
			Username string `json:"username" minLength:"1" maxLength:"60"`
			Password string `json:"password" minLength:"1" maxLength:"200"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/session", ID: "signIn", Rule: authz.Public, Summary: "Sign in"},
		func(ctx context.Context, in *signIn) (*cookies, error) {
			signed, err := s.SignIn(ctx, in.Body.Username, in.Body.Password, in.Device)
			if err != nil {
				return nil, err
			}
			out := issued(signed, secure)
			return &out, nil
		})

	type activate struct {
		Device string `cookie:"shouwang_device"`
		Body   struct {
			Username string `json:"username" minLength:"1" maxLength:"60"`
			Code     string `json:"code" minLength:"1" maxLength:"40"`
			Password string `json:"password" minLength:"1" maxLength:"200"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/session/activation", ID: "activate", Rule: authz.Public, Summary: "Set the first password with a printed code"},
		func(ctx context.Context, in *activate) (*cookies, error) {
			signed, err := s.Activate(ctx, in.Body.Username, in.Body.Code, in.Body.Password, in.Device)
			if err != nil {
				return nil, err
			}
			out := issued(signed, secure)
			return &out, nil
		})

	type token struct {
		Token string `cookie:"shouwang_session"`
	}
	web.Handle(api, web.Op{Method: "DELETE", Path: "/api/session", ID: "signOut", Rule: "session.own", Summary: "Sign out"},
		func(ctx context.Context, in *token) (*cookies, error) {
			if err := s.SignOut(ctx, in.Token); err != nil {
				return nil, err
			}
			return &cookies{[]http.Cookie{{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure}}}, nil
		})

	type change struct {
		Token string `cookie:"shouwang_session"`
		Body  struct {
			Old      string `json:"old" minLength:"1" maxLength:"200"`
			Password string `json:"password" minLength:"1" maxLength:"200"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/session/password", ID: "changePassword", Rule: "session.own", Summary: "Change one's own password"},
		func(ctx context.Context, in *change) (*struct{}, error) {
			return nil, s.ChangePassword(ctx, in.Token, in.Body.Old, in.Body.Password)
		})

	web.Handle(api, web.Op{Method: "GET", Path: "/api/session/demo", ID: "demoAccounts", Rule: authz.Public, Summary: "Sign-in names of a demonstration; empty for a real county"},
		func(context.Context, *struct{}) (*struct{ Body []Demo }, error) {
			return &struct{ Body []Demo }{append([]Demo{}, demo...)}, nil
		})

	type roles struct {
		Body struct {
			Roles []authz.RoleInfo `json:"roles"`
			Kinds []struct {
				Kind Kind   `json:"kind"`
				Name string `json:"name"`
			} `json:"kinds"`
		}
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/roles", ID: "roles", Rule: "session.own", Summary: "Roles and kinds of organisation, in words"},
		func(context.Context, *struct{}) (*roles, error) {
			var out roles
			out.Body.Roles = authz.Roles
			out.Body.Kinds = append(out.Body.Kinds, KindNames...)
			return &out, nil
		})

	s.journalRoutes(api)
	type page struct {
		After  string `query:"after" maxLength:"60"`
		Kind   string `query:"kind" maxLength:"40"`
		Text   string `query:"text" maxLength:"40"`
		Role   string `query:"role" maxLength:"40"`
		Region string `query:"region" maxLength:"12"`
	}
	const rows = 50
	web.Handle(api, web.Op{Method: "GET", Path: "/api/organisations", ID: "organisations", Rule: "organisation.list", Summary: "Organisations in reach"},
		func(ctx context.Context, in *page) (*struct{ Body web.Page[Organisation] }, error) {
			list, err := s.Organisations(ctx, Kind(in.Kind), in.After, rows+1)
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[Organisation] }{web.Cut(list, rows, func(o Organisation) string { return o.Region + o.ID })}, nil
		})

	type newOrganisation struct {
		Body struct {
			Kind      Kind   `json:"kind" maxLength:"40"`
			Name      string `json:"name" minLength:"1" maxLength:"60"`
			Region    string `json:"region" pattern:"^[0-9]{12}$" patternDescription:"十二位区划代码"`
			ParentID  string `json:"parent_id,omitempty" maxLength:"40"`
			Telephone string `json:"telephone,omitempty" maxLength:"20"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/organisations", ID: "addOrganisation", Rule: "organisation.change", Summary: "Register an organisation"},
		func(ctx context.Context, in *newOrganisation) (*struct{ Body Receipt }, error) {
			r, err := s.AddOrganisation(ctx, Organisation{Kind: in.Body.Kind, Name: in.Body.Name, Region: in.Body.Region, ParentID: in.Body.ParentID, Telephone: in.Body.Telephone})
			return &struct{ Body Receipt }{r}, err
		})

	web.Handle(api, web.Op{Method: "GET", Path: "/api/people", ID: "people", Rule: "user.list", Summary: "Posts in reach and who holds them"},
		func(ctx context.Context, in *page) (*struct{ Body web.Page[Person] }, error) {
			list, err := s.People(ctx, in.Text, in.Role, in.Region, in.After, rows+1)
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[Person] }{web.Cut(list, rows, func(p Person) string { return p.Region + p.GrantID })}, nil
		})

	type newPerson struct {
		Body struct {
			NewUser
			Role           string `json:"role" maxLength:"40"`
			OrganisationID string `json:"organisation_id" maxLength:"40"`
			Region         string `json:"region" pattern:"^[0-9]{12}$" patternDescription:"十二位区划代码"`
			UntilOn        string `json:"until_on,omitempty" format:"date"`
		}
	}
	type added struct {
		Body struct {
			Receipt
			Code string `json:"code" doc:"activation code, shown this once"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/people", ID: "addPerson", Rule: "user.change", Summary: "Give a person an account and a post"},
		func(ctx context.Context, in *newPerson) (*added, error) {
			var out added
			// The code is shown once and kept only as a digest, so a repeated
			// delivery cannot answer with it again: this write is not replayed.
			err := store.Do(store.Again(ctx), s.db, func(tx *store.Tx) (err error) {
				out.Body.Receipt, out.Body.Code, err = s.AddUserTx(ctx, tx, in.Body.NewUser, "")
				if err != nil {
					return err
				}
				_, err = s.GivePostTx(ctx, tx, Grant{UserID: out.Body.ID, Role: in.Body.Role, OrganisationID: in.Body.OrganisationID, Region: in.Body.Region, UntilOn: in.Body.UntilOn})
				return err
			})
			return &out, err
		})

	type newGrant struct {
		ID   string `path:"id"`
		Body struct {
			Role           string `json:"role" maxLength:"40"`
			OrganisationID string `json:"organisation_id" maxLength:"40"`
			Region         string `json:"region" pattern:"^[0-9]{12}$" patternDescription:"十二位区划代码"`
			UntilOn        string `json:"until_on,omitempty" format:"date"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/people/{id}/grants", ID: "givePost", Rule: "user.change", Summary: "Give a person another post"},
		func(ctx context.Context, in *newGrant) (*struct{ Body Receipt }, error) {
			r, err := s.GivePost(ctx, Grant{UserID: in.ID, Role: in.Body.Role, OrganisationID: in.Body.OrganisationID, Region: in.Body.Region, UntilOn: in.Body.UntilOn})
			return &struct{ Body Receipt }{r}, err
		})

	type byID struct {
		ID string `path:"id"`
	}
	web.Handle(api, web.Op{Method: "DELETE", Path: "/api/grants/{id}", ID: "endPost", Rule: "user.change", Summary: "End a post and every session of its holder"},
		func(ctx context.Context, in *byID) (*struct{ Body Receipt }, error) {
			r, err := s.EndPost(ctx, in.ID)
			return &struct{ Body Receipt }{r}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/people/{id}/disabled", ID: "disablePerson", Rule: "user.change", Summary: "Stop an account"},
		func(ctx context.Context, in *byID) (*struct{ Body Receipt }, error) {
			r, err := s.Disable(ctx, in.ID)
			return &struct{ Body Receipt }{r}, err
		})
	type code struct {
		Body struct {
			Code string `json:"code"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/people/{id}/activation", ID: "reactivatePerson", Rule: "user.change", Summary: "A new activation code for a forgotten password"},
		func(ctx context.Context, in *byID) (*code, error) {
			c, err := s.Reactivate(store.Again(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			var out code
			out.Body.Code = c
			return &out, nil
		})
}

func (s *Service) session(ctx context.Context) (Session, error) {
	actor, ok := authz.ActorOf(ctx)
	if !ok {
		return Session{}, fault.NewDenied("session.own", "请先登录。")
	}
	u, err := store.One[User](ctx, s.db, `select id, username, name, must_change, draft_key from account_user where id = ?`, actor.UserID)
	if err != nil {
		return Session{}, fmt.Errorf("reading the account: %w", err)
	}
	var out Session
	out.Account.ID, out.Account.Name, out.Account.Username, out.Account.MustChange = u.ID, u.Name, u.Username, u.MustChange
	out.Posts = []Post{}
	ids := make([]string, len(actor.Grants))
	for i, g := range actor.Grants {
		ids[i] = g.Organisation
	}
	type named struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	organisations, err := store.All[named](ctx, s.db, `select id, name from account_organisation where id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...)
	if err != nil {
		return Session{}, fmt.Errorf("reading organisations: %w", err)
	}
	names := map[string]string{}
	for _, o := range organisations {
		names[o.ID] = o.Name
	}
	for _, g := range actor.Grants {
		info, _ := authz.Info(g.Role)
		out.Posts = append(out.Posts, Post{Role: g.Role, RoleName: info.Name, Organisation: names[g.Organisation], Region: g.Region})
	}
	out.Can = s.rules.Can(ctx)
	out.DraftKey = base64.StdEncoding.EncodeToString(u.DraftKey)
	out.Today = s.clock.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	return out, nil
}
