package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/uuid"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// Service is all that others may call.
type Service struct {
	db       *store.DB
	journal  *journal.Journal
	rules    *authz.Authority
	keys     *crypto.Keyring
	clock    clock.Clock
	throttle *throttle
}

// NewService returns the accounts of an installation.
func NewService(db *store.DB, j *journal.Journal, rules *authz.Authority, keys *crypto.Keyring, c clock.Clock) *Service {
	return &Service{db: db, journal: j, rules: rules, keys: keys, clock: c, throttle: newThrottle(c)}
}

// NewID is the id of a new record: time-ordered, made anywhere.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Receipt is what a write returns: enough to find the record again, and never
// anything of its content.
type Receipt struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// --- organisations ---------------------------------------------------------

// AddOrganisation registers a unit. Conflict when one of the same kind and
// name is already there.
func (s *Service) AddOrganisation(ctx context.Context, o Organisation) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) { return s.AddOrganisationTx(ctx, tx, o) })
}

// AddOrganisationTx is AddOrganisation inside a caller's transaction.
func (s *Service) AddOrganisationTx(ctx context.Context, tx *store.Tx, o Organisation) (Receipt, error) {
	if err := s.rules.Check(ctx, tx, "organisation.change", authz.Subject{Kind: "organisation", Region: o.Region}); err != nil {
		return Receipt{}, err
	}
	o.Name = strings.TrimSpace(o.Name)
	if o.Name == "" || !knownKind(o.Kind) || len(o.Region) != 12 {
		return Receipt{}, fault.NewInvalid("organisation.invalid", "请填写单位名称、类别和所在区划。")
	}
	if o.ParentID != "" {
		at, ok, err := store.Maybe[string](ctx, tx, `select region from account_organisation where id = ?`, o.ParentID)
		if err != nil {
			return Receipt{}, fmt.Errorf("reading the organisation above: %w", err)
		}
		if !ok || !region.Code(at).Contains(region.Code(o.Region)) { // one out of reach is as good as none
			return Receipt{}, fault.NewInvalid("organisation.parent", "没有找到这个上级单位。").At("parent_id", "请重新选择上级单位")
		}
	}
	n, err := store.One[int](ctx, tx, `select count(*) from account_organisation where kind = ? and region = ? and name = ? and ended_on = ''`, o.Kind, o.Region, o.Name)
	if err != nil {
		return Receipt{}, fmt.Errorf("looking for the organisation: %w", err)
	}
	if n > 0 {
		return Receipt{}, fault.NewConflict("organisation.exists", "这个单位已经登记过了。")
	}
	if o.ID == "" {
		o.ID = NewID()
	}
	o.CreatedAt = s.clock.Now()
	if err := store.Insert(ctx, tx, "account_organisation", o); err != nil {
		return Receipt{}, fmt.Errorf("registering an organisation: %w", err)
	}
	return Receipt{o.ID, 1}, s.journal.Record(ctx, tx, "organisation.added", journal.Entry{Kind: "organisation", ID: o.ID, Region: o.Region, Note: o.Name})
}

func knownKind(k Kind) bool {
	for _, n := range KindNames {
		if n.Kind == k {
			return true
		}
	}
	return false
}

// Organisations lists units in reach, optionally of one kind, by region.
func (s *Service) Organisations(ctx context.Context, kind Kind, after string, limit int) ([]Organisation, error) {
	ctx, err := s.rules.Scoped(ctx, "organisation.list")
	if err != nil {
		return nil, err
	}
	return store.All[Organisation](ctx, s.db, `
		select `+store.Columns[Organisation]("o")+`
		  from account_organisation o
		 where {scope o id} and (? = '' or o.kind = ?) and o.region || o.id > ?
		 order by o.region || o.id
		 limit ?`, kind, kind, after, limit)
}

// FindOrganisation returns the unit of a kind answerable for a region: the one
// at the region itself or the nearest above it.
func FindOrganisation(ctx context.Context, q store.Querier, kind Kind, region string) (Organisation, bool, error) {
	chain := []any{string(kind)}
	for _, n := range [...]int{12, 9, 6, 4, 2} {
		chain = append(chain, region[:n]+strings.Repeat("0", 12-n))
	}
	return store.Maybe[Organisation](ctx, q, `
		select `+store.Columns[Organisation]("")+`
		  from account_organisation
		 where kind = ? and ended_on = '' and region in (?, ?, ?, ?, ?)
		 order by region desc, id
		 limit 1`, chain...)
}

// --- people and posts --------------------------------------------------------

// NewUser is a person to be given an account.
type NewUser struct {
	Username string `json:"username" minLength:"2" maxLength:"40" pattern:"^[a-zA-Z0-9_.-]+$" patternDescription:"字母、数字、点、横线"`
	Name     string `json:"name" minLength:"1" maxLength:"40"`
}

// AddUser gives a person an account without password; Activate sets it with
// the code returned, which is shown once. Conflict when the name is taken.
func (s *Service) AddUser(ctx context.Context, u NewUser) (Receipt, string, error) {
	if err := s.rules.Need(ctx, "user.change"); err != nil {
		return Receipt{}, "", err
	}
	code := newCode()
	r, err := store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) { return s.addUserTx(ctx, tx, u, "", code) })
	return r, code, err
}

// AddUserTx adds a person inside a caller's transaction, with a password at
// once or with an activation code.
func (s *Service) AddUserTx(ctx context.Context, tx *store.Tx, u NewUser, password string) (Receipt, string, error) {
	if err := s.rules.Need(ctx, "user.change"); err != nil {
		return Receipt{}, "", err
	}
	var hash, code string
	var err error
	if password == "" {
		code = newCode()
	} else if hash, err = hashPassword(ctx, password); err != nil {
		return Receipt{}, "", err
	}
	r, err := s.addUserTx(ctx, tx, u, hash, code)
	return r, code, err
}

// SetPasswordTx gives an account a password without its holder, as a
// demonstration does; a real county sends an activation code.
func (s *Service) SetPasswordTx(ctx context.Context, tx *store.Tx, username, password string) error {
	if err := s.rules.Need(ctx, "user.change"); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	if _, err := store.Exec(ctx, tx, `update account_user set password = ?, activation = null, activation_until = null where username = ?`, hash, username); err != nil {
		return fmt.Errorf("setting the password: %w", err)
	}
	return s.journal.Record(ctx, tx, "user.password_set", journal.Entry{Kind: "user", ID: username})
}

const activationDays = 30

func (s *Service) addUserTx(ctx context.Context, tx *store.Tx, u NewUser, hash, code string) (Receipt, error) {
	u.Username, u.Name = strings.ToLower(strings.TrimSpace(u.Username)), strings.TrimSpace(u.Name)
	if u.Username == "" || u.Name == "" {
		return Receipt{}, fault.NewInvalid("user.invalid", "请填写账号和姓名。")
	}
	n, err := store.One[int](ctx, tx, `select count(*) from account_user where username = ?`, u.Username)
	if err != nil {
		return Receipt{}, fmt.Errorf("looking for the user name: %w", err)
	}
	if n > 0 {
		return Receipt{}, fault.NewConflict("user.exists", "这个账号名已经有人用了，请换一个。").At("username", "已被使用")
	}
	now := s.clock.Now()
	draft := make([]byte, 32)
	rand.Read(draft)
	row := User{ID: NewID(), Username: u.Username, Name: u.Name, Initials: identity.Pinyin(u.Name)[0].Initials,
		Password: hash, DraftKey: draft, CreatedAt: now, Version: 1}
	if err := store.Insert(ctx, tx, "account_user", row); err != nil {
		return Receipt{}, fmt.Errorf("adding a user: %w", err)
	}
	if code != "" {
		if err := setActivation(ctx, tx, row.ID, code, now); err != nil {
			return Receipt{}, err
		}
	}
	return Receipt{row.ID, 1}, s.journal.Record(ctx, tx, "user.added", journal.Entry{Kind: "user", ID: row.ID, Note: u.Username})
}

func setActivation(ctx context.Context, tx *store.Tx, user, code string, now time.Time) error {
	_, err := store.Exec(ctx, tx, `
		update account_user set activation = ?, activation_until = ? where id = ?`,
		digest(normalCode(code)), now.AddDate(0, 0, activationDays), user)
	return err
}

func normalCode(code string) string {
	return strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(code))
}

func digest(s string) []byte { sum := sm3.Sum([]byte(s)); return sum[:] }

// Reactivate gives a person who forgot their password a new code and ends
// their sessions.
func (s *Service) Reactivate(ctx context.Context, user string) (string, error) {
	code := newCode()
	return code, store.Do(ctx, s.db, func(tx *store.Tx) error {
		if err := s.checkUser(ctx, tx, user); err != nil {
			return err
		}
		now := s.clock.Now()
		if err := setActivation(ctx, tx, user, code, now); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, user, now); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "user.reactivated", journal.Entry{Kind: "user", ID: user})
	})
}

// checkUser refuses people of whose posts any lies outside the administrator's
// region: who may renew somebody's code could become them there. A person
// without any post is within everybody's.
func (s *Service) checkUser(ctx context.Context, tx *store.Tx, user string) error {
	regions, err := store.All[string](ctx, tx, `select region from account_grant where user_id = ? and ended_at is null`, user)
	if err != nil {
		return fmt.Errorf("reading posts: %w", err)
	}
	if n, err := store.One[int](ctx, tx, `select count(*) from account_user where id = ?`, user); err != nil || n == 0 {
		if err != nil {
			return fmt.Errorf("reading the user: %w", err)
		}
		return fault.NewNotFound("user.none", "没有找到这个账号。")
	}
	if len(regions) == 0 {
		return s.rules.Need(ctx, "user.change")
	}
	for _, r := range regions {
		if err := s.rules.Check(ctx, tx, "user.change", authz.Subject{Kind: "user", ID: user, Region: r}); err != nil {
			return err
		}
	}
	return nil
}

// GivePost grants a role. Refused: posts outside the giver's own region or at an
// organisation outside it, a post to oneself, and any mixing of the three
// administrators with other roles.
func (s *Service) GivePost(ctx context.Context, g Grant) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) { return s.GivePostTx(ctx, tx, g) })
}

var errNoPost = fault.NewInvalid("grant.invalid", "没有找到这个账号或单位。")

// GivePostTx is GivePost inside a caller's transaction.
func (s *Service) GivePostTx(ctx context.Context, tx *store.Tx, g Grant) (Receipt, error) {
	if err := s.rules.Check(ctx, tx, "user.change", authz.Subject{Kind: "grant", Region: g.Region}); err != nil {
		return Receipt{}, err
	}
	actor, _ := authz.ActorOf(ctx)
	info, ok := authz.Info(authz.Role(g.Role))
	if !ok || !region.Code(g.Region).Valid() {
		return Receipt{}, fault.NewInvalid("grant.invalid", "请选择角色、单位和区划。")
	}
	if g.UserID == actor.UserID {
		return Receipt{}, fault.NewDenied("grant.self", "不能给自己授权，请由另一位安全管理员办理。")
	}
	// A post reaches its organisation's roll wherever the pupils live, so the
	// organisation too must lie within the giver's reach.
	organisation, ok, err := store.Maybe[string](ctx, tx, `select region from account_organisation where id = ? and ended_on = ''`, g.OrganisationID)
	if err != nil {
		return Receipt{}, fmt.Errorf("reading the organisation: %w", err)
	}
	if !ok {
		return Receipt{}, errNoPost
	}
	if err := s.rules.Check(ctx, tx, "user.change", authz.Subject{Kind: "organisation", ID: g.OrganisationID, Region: organisation}); err != nil {
		return Receipt{}, err
	}
	// Two posts given to one person at the same moment must see each other, or
	// they could mix what must be kept apart: the person's row is the lock.
	n, err := store.Exec(ctx, tx, `update account_user set version = version + 1 where id = ?`, g.UserID)
	if err != nil {
		return Receipt{}, fmt.Errorf("holding the account: %w", err)
	}
	if n == 0 {
		return Receipt{}, errNoPost
	}
	held, err := store.All[string](ctx, tx, `select role from account_grant where user_id = ? and ended_at is null`, g.UserID)
	if err != nil {
		return Receipt{}, fmt.Errorf("reading posts: %w", err)
	}
	for _, role := range held {
		other, _ := authz.Info(authz.Role(role))
		if role != g.Role && (info.Alone || other.Alone) {
			return Receipt{}, fault.NewConflict("grant.separation", "系统、安全、审计三类管理员不能与其他角色由同一人担任。")
		}
	}
	g.ID, g.GrantedAt, g.GrantedBy, g.EndedAt, g.EndedBy = NewID(), s.clock.Now(), actor.UserID, time.Time{}, ""
	if g.FromOn == "" {
		g.FromOn = string(clock.Today(s.clock))
	}
	if err := store.Insert(ctx, tx, "account_grant", g); err != nil {
		return Receipt{}, fmt.Errorf("granting a post: %w", err)
	}
	return Receipt{g.ID, 1}, s.journal.Record(ctx, tx, "grant.given", journal.Entry{Kind: "grant", ID: g.ID, Region: g.Region,
		Changes: []journal.Change{{Field: "user_id", New: g.UserID}, {Field: "role", New: g.Role}, {Field: "organisation_id", New: g.OrganisationID}}})
}

// EndPost ends a post now, and with it every session of its holder.
func (s *Service) EndPost(ctx context.Context, id string) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		g, ok, err := store.Maybe[Grant](ctx, tx, `
			select `+store.Columns[Grant]("")+` from account_grant where id = ? and ended_at is null`, id)
		if err != nil {
			return Receipt{}, fmt.Errorf("reading the post: %w", err)
		}
		if !ok {
			return Receipt{}, fault.NewNotFound("grant.none", "没有找到这个岗位，可能已经停用。")
		}
		if err := s.rules.Check(ctx, tx, "user.change", authz.Subject{Kind: "grant", ID: id, Region: g.Region}); err != nil {
			return Receipt{}, err
		}
		now := s.clock.Now()
		actor, _ := authz.ActorOf(ctx)
		if _, err := store.Exec(ctx, tx, `update account_grant set ended_at = ?, ended_by = ? where id = ?`, now, actor.UserID, id); err != nil {
			return Receipt{}, fmt.Errorf("ending the post: %w", err)
		}
		if err := endSessions(ctx, tx, g.UserID, now); err != nil {
			return Receipt{}, err
		}
		return Receipt{id, 2}, s.journal.Record(ctx, tx, "grant.ended", journal.Entry{Kind: "grant", ID: id, Region: g.Region,
			Changes: []journal.Change{{Field: "user_id", Old: g.UserID}, {Field: "role", Old: g.Role}}})
	})
}

// Disable stops an account and ends its sessions. Its posts stay, so that the
// duties they bear stand visibly without a person until handed over.
func (s *Service) Disable(ctx context.Context, user string) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		if err := s.checkUser(ctx, tx, user); err != nil {
			return Receipt{}, err
		}
		if actor, _ := authz.ActorOf(ctx); actor.UserID == user {
			return Receipt{}, fault.NewDenied("user.self", "不能停用自己的账号。")
		}
		now := s.clock.Now()
		if _, err := store.Exec(ctx, tx, `update account_user set disabled_at = ?, version = version + 1 where id = ? and disabled_at is null`, now, user); err != nil {
			return Receipt{}, fmt.Errorf("disabling the account: %w", err)
		}
		if err := endSessions(ctx, tx, user, now); err != nil {
			return Receipt{}, err
		}
		return Receipt{user, 2}, s.journal.Record(ctx, tx, "user.disabled", journal.Entry{Kind: "user", ID: user})
	})
}

// Person is a row of the list of people and their posts.
type Person struct {
	UserID       string    `db:"user_id" json:"user_id"`
	Username     string    `db:"username" json:"username"`
	Name         string    `db:"name" json:"name"`
	GrantID      string    `db:"grant_id" json:"grant_id"`
	Role         string    `db:"role" json:"role"`
	Organisation string    `db:"organisation" json:"organisation"`
	Region       string    `db:"region" json:"region"`
	FromOn       string    `db:"from_on" json:"from_on"`
	UntilOn      string    `db:"until_on" json:"until_on"`
	DisabledAt   time.Time `db:"disabled_at" json:"disabled_at,omitzero"`
}

// People lists posts in reach with who holds them, by region; role and region
// narrow it to one post.
func (s *Service) People(ctx context.Context, text, role, region, after string, limit int) ([]Person, error) {
	ctx, err := s.rules.Scoped(ctx, "user.list")
	if err != nil {
		return nil, err
	}
	like := strings.NewReplacer("%", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(text))) + "%"
	return store.All[Person](ctx, s.db, `
		select g.user_id, u.username, u.name, g.id as grant_id, g.role, o.name as organisation, g.region, g.from_on, g.until_on, u.disabled_at
		  from account_grant g
		  join account_user u on u.id = g.user_id
		  join account_organisation o on o.id = g.organisation_id
		 where {scope g user_id} and g.ended_at is null and g.region || g.id > ?
		   and (u.username like ? or u.name like ? or u.initials like ?)
		   and (? = '' or g.role = ?) and (? = '' or g.region = ?)
		 order by g.region || g.id
		 limit ?`, after, like, like, like, role, role, region, region, limit)
}

// --- signing in -----------------------------------------------------------------

const sessionHours = 12

// SignedIn is the outcome of a sign-in: tokens for the browser's cookies.
type SignedIn struct {
	Token  string
	Device string
	UserID string
}

var errTooMany = fault.NewInvalid("session.too_many", "试得太频繁了，请等一分钟再试。")

var errSignIn = fault.NewInvalid("session.refused", "账号或密码不对。忘记密码请联系本单位的安全管理员。")

// SignIn checks a password and opens a session. device is the token an earlier
// sign-in left on this device, if any. Who guesses too often is asked to wait;
// see throttle.
func (s *Service) SignIn(ctx context.Context, username, password, device string) (SignedIn, error) {
	username = strings.ToLower(strings.TrimSpace(username))
	if !s.throttle.allow(username, s.knownDevice(username, device)) {
		return SignedIn{}, errTooMany
	}
	u, found, err := store.Maybe[User](ctx, s.db, `
		select id, username, name, password, must_change, disabled_at from account_user where username = ?`, username)
	if err != nil {
		return SignedIn{}, fmt.Errorf("reading the account: %w", err)
	}
	ok, err := checkPassword(ctx, u.Password, password)
	if err != nil {
		return SignedIn{}, fmt.Errorf("checking the password: %w", err)
	}
	if !found || !ok || !u.DisabledAt.IsZero() {
		who := journal.WithAuthor(ctx, journal.Author{ID: u.ID, Name: u.Name})
		if err := s.journal.Denied(who, "session.refused", journal.Entry{Kind: "session", ID: u.ID}); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, errSignIn
	}
	return s.open(ctx, u)
}

func (s *Service) open(ctx context.Context, u User) (SignedIn, error) {
	raw := make([]byte, 32)
	rand.Read(raw)
	token := base64.RawURLEncoding.EncodeToString(raw)
	now := s.clock.Now()
	ctx = journal.WithAuthor(ctx, journal.Author{ID: u.ID, Name: u.Name})
	err := store.Do(store.Again(ctx), s.db, func(tx *store.Tx) error {
		if _, err := store.Exec(ctx, tx, `
			insert into account_session (token, user_id, created_at, seen_at, expires_at) values (?, ?, ?, ?, ?)`,
			digest(token), u.ID, now, now, now.Add(sessionHours*time.Hour)); err != nil {
			return fmt.Errorf("opening a session: %w", err)
		}
		return s.journal.Record(ctx, tx, "session.opened", journal.Entry{Kind: "session", ID: u.ID})
	})
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Token: token, Device: s.deviceToken(u.Username), UserID: u.ID}, nil
}

// deviceToken proves that its device once signed in as the user. It opens
// nothing; it only moves the device out of the strangers' allowance.
func (s *Service) deviceToken(username string) string {
	raw := make([]byte, 9)
	rand.Read(raw)
	name := base64.RawURLEncoding.EncodeToString(raw)
	return name + "." + base64.RawURLEncoding.EncodeToString(s.keys.Index("device", name+"/"+username))
}

func (s *Service) knownDevice(username, device string) string {
	name, proof, ok := strings.Cut(device, ".")
	if !ok || base64.RawURLEncoding.EncodeToString(s.keys.Index("device", name+"/"+username)) != proof {
		return ""
	}
	return name
}

// Activate sets the first password with a printed code, or a new one after it
// was forgotten, and signs the person in; whoever was signed in by the old one
// is out.
func (s *Service) Activate(ctx context.Context, username, code, password, device string) (SignedIn, error) {
	username = strings.ToLower(strings.TrimSpace(username))
	if !s.throttle.allow(username, s.knownDevice(username, device)) {
		return SignedIn{}, errTooMany
	}
	if err := acceptable(password, username); err != nil {
		return SignedIn{}, err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return SignedIn{}, err
	}
	now := s.clock.Now()
	u, err := store.In(store.Again(ctx), s.db, func(tx *store.Tx) (User, error) {
		u, found, err := store.Maybe[User](ctx, tx, `
			select id, username, name from account_user
			 where username = ? and activation = ? and activation_until > ? and disabled_at is null`,
			username, digest(normalCode(code)), now)
		if err != nil {
			return User{}, fmt.Errorf("reading the account: %w", err)
		}
		if !found {
			return User{}, fault.NewInvalid("activation.refused", "账号或激活码不对，或激活码已过期。请联系本单位的安全管理员重新发放。")
		}
		if _, err := store.Exec(ctx, tx, `
			update account_user set password = ?, activation = null, activation_until = null, must_change = 0, version = version + 1
			 where id = ?`, hash, u.ID); err != nil {
			return User{}, fmt.Errorf("setting the password: %w", err)
		}
		if err := endSessions(ctx, tx, u.ID, now); err != nil {
			return User{}, err
		}
		by := journal.WithAuthor(ctx, journal.Author{ID: u.ID, Name: u.Name})
		return u, s.journal.Record(by, tx, "user.activated", journal.Entry{Kind: "user", ID: u.ID})
	})
	if err != nil {
		return SignedIn{}, err
	}
	return s.open(ctx, u)
}

// ChangePassword changes one's own password and ends one's other sessions.
func (s *Service) ChangePassword(ctx context.Context, token, old, password string) error {
	actor, _ := authz.ActorOf(ctx)
	u, err := store.One[User](ctx, s.db, `select id, username, name, password from account_user where id = ?`, actor.UserID)
	if err != nil {
		return fmt.Errorf("reading the account: %w", err)
	}
	if !s.throttle.allow(u.Username, "signed in") { // a borrowed session does not guess the password either
		return errTooMany
	}
	if ok, err := checkPassword(ctx, u.Password, old); err != nil || !ok {
		if err != nil {
			return err
		}
		return fault.NewInvalid("password.wrong", "原密码不对。").At("old", "与现在的密码不一致")
	}
	if err := acceptable(password, u.Username); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		now := s.clock.Now()
		if _, err := store.Exec(ctx, tx, `update account_user set password = ?, must_change = 0, version = version + 1 where id = ?`, hash, u.ID); err != nil {
			return fmt.Errorf("setting the password: %w", err)
		}
		if _, err := store.Exec(ctx, tx, `
			update account_session set ended_at = ? where user_id = ? and token <> ? and ended_at is null`, now, u.ID, digest(token)); err != nil {
			return fmt.Errorf("ending sessions: %w", err)
		}
		return s.journal.Record(ctx, tx, "user.password_changed", journal.Entry{Kind: "user", ID: u.ID})
	})
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, token string) error {
	actor, _ := authz.ActorOf(ctx)
	return store.Do(store.Again(ctx), s.db, func(tx *store.Tx) error {
		if _, err := store.Exec(ctx, tx, `update account_session set ended_at = ? where token = ? and ended_at is null`, s.clock.Now(), digest(token)); err != nil {
			return fmt.Errorf("ending the session: %w", err)
		}
		return s.journal.Record(ctx, tx, "session.closed", journal.Entry{Kind: "session", ID: actor.UserID})
	})
}

func endSessions(ctx context.Context, tx *store.Tx, user string, now time.Time) error {
	if _, err := store.Exec(ctx, tx, `update account_session set ended_at = ? where user_id = ? and ended_at is null`, now, user); err != nil {
		return fmt.Errorf("ending sessions: %w", err)
	}
	return nil
}

// As acts as a user from the shell, where an operator names who answers for
// the work. NotFound when the user holds no post today.
func (s *Service) As(ctx context.Context, username string) (context.Context, error) {
	now := s.clock.Now()
	today := string(clock.DayOf(now))
	grants, err := store.All[Grant](ctx, s.db, `
		select `+store.Columns[Grant]("g")+`
		  from account_grant g join account_user u on u.id = g.user_id
		 where u.username = ? and u.disabled_at is null and g.ended_at is null and g.from_on <= ? and (g.until_on = '' or g.until_on >= ?)
		 order by g.id`, strings.ToLower(username), today, today)
	if err != nil {
		return nil, fmt.Errorf("reading the user's posts: %w", err)
	}
	if len(grants) == 0 {
		return nil, fault.NewNotFound("user.none", "没有这个账号，或账号现在没有岗位。")
	}
	name, err := store.One[string](ctx, s.db, `select name from account_user where id = ?`, grants[0].UserID)
	if err != nil {
		return nil, fmt.Errorf("reading the user: %w", err)
	}
	a := authz.Actor{UserID: grants[0].UserID, Name: name}
	for _, g := range grants {
		a.Grants = append(a.Grants, authz.Grant{ID: g.ID, Role: authz.Role(g.Role), Organisation: g.OrganisationID, Region: g.Region})
	}
	return authz.WithActor(journal.WithAuthor(ctx, journal.Author{Purpose: "shell"}), a), nil
}

// Actor finds who is behind a session's token, with the posts they hold today:
// one query, on every request, so that an ended post ends at once.
func (s *Service) Actor(ctx context.Context, token string) (authz.Actor, bool, error) {
	type row struct {
		UserID string    `db:"user_id"`
		Name   string    `db:"name"`
		SeenAt time.Time `db:"seen_at"`
		ID     string    `db:"id"`
		Role   string    `db:"role"`
		Org    string    `db:"organisation_id"`
		Region string    `db:"region"`
	}
	now := s.clock.Now()
	today := string(clock.DayOf(now))
	rows, err := store.All[row](ctx, s.db, `
		select u.id as user_id, u.name, s.seen_at, g.id, g.role, g.organisation_id, g.region
		  from account_session s
		  join account_user u on u.id = s.user_id
		  join account_grant g on g.user_id = u.id
		 where s.token = ? and s.ended_at is null and s.expires_at > ? and u.disabled_at is null
		   and g.ended_at is null and g.from_on <= ? and (g.until_on = '' or g.until_on >= ?)
		 order by g.id`, digest(token), now, today, today)
	if err != nil {
		return authz.Actor{}, false, fmt.Errorf("reading the session: %w", err)
	}
	if len(rows) == 0 {
		return authz.Actor{}, false, nil
	}
	a := authz.Actor{UserID: rows[0].UserID, Name: rows[0].Name}
	for _, r := range rows {
		a.Grants = append(a.Grants, authz.Grant{ID: r.ID, Role: authz.Role(r.Role), Organisation: r.Org, Region: r.Region})
	}
	return a, true, nil
}
