// Package notify tells people in the program that something needs them. A
// notice holds no particulars of a child: it says what kind of thing waits and
// links to where the person, signed in, may see it.
//
// An urgent notice also goes out of the house. It is put into the outbox in the
// transaction that leaves it, and sent afterwards by whoever runs Run: no
// person waits for a gateway, and none is told of what was taken back.
package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

// Rules of this package.
var Rules = authz.Rules{"notice.own": {authz.Everyone()}}

// Notice is one message to one person.
type Notice struct {
	ID     string    `db:"id" json:"id"`
	UserID string    `db:"user_id" json:"-"`
	At     time.Time `db:"at" json:"at"`
	Text   string    `db:"text" json:"text"`
	Link   string    `db:"link" json:"link"`
	Urgent bool      `db:"urgent" json:"urgent"`
	Once   string    `db:"once" json:"-"`
	ReadAt time.Time `db:"read_at" json:"read_at,omitzero"`
}

// Service sends and shows notices.
type Service struct {
	db    *store.DB
	clock clock.Clock
	wake  chan struct{}
}

// NewService returns the notices of an installation.
func NewService(db *store.DB, c clock.Clock) *Service { return &Service{db, c, make(chan struct{}, 1)} }

// TellTx leaves a notice for whoever holds a post now: a role at a region's
// own level, or at one unit. once names the occasion, so that a repeated job
// tells once.
func (s *Service) TellTx(ctx context.Context, tx *store.Tx, post authz.Post, once, text, link string, urgent bool) error {
	today := string(clock.Today(s.clock))
	users, err := store.All[string](ctx, tx, `
		select distinct user_id from account_grant
		 where role = ? and region = ? and (? = '' or organisation_id = ?) and ended_at is null and from_on <= ? and (until_on = '' or until_on >= ?)`,
		string(post.Role), post.Region, post.Unit, post.Unit, today, today)
	if err != nil {
		return fmt.Errorf("finding whom to tell: %w", err)
	}
	return s.tell(ctx, tx, users, once, text, link, urgent)
}

// TellUserTx leaves a notice for one person.
func (s *Service) TellUserTx(ctx context.Context, tx *store.Tx, user, once, text, link string, urgent bool) error {
	return s.tell(ctx, tx, []string{user}, once, text, link, urgent)
}

func (s *Service) tell(ctx context.Context, tx *store.Tx, users []string, once, text, link string, urgent bool) error {
	left, err := s.leave(ctx, tx, users, once, text, link, urgent)
	if err != nil || !urgent {
		return err
	}
	return s.post(ctx, tx, left)
}

// leave writes the notices and returns the ids of those that are new.
func (s *Service) leave(ctx context.Context, tx *store.Tx, users []string, once, text, link string, urgent bool) (left []string, err error) {
	for _, u := range users {
		id := uuid.Must(uuid.NewV7()).String()
		n, err := store.Exec(ctx, tx, `
			insert into notify_notice (id, user_id, at, text, link, urgent, once) values (?, ?, ?, ?, ?, ?, ?)
			    on conflict (user_id, once) do nothing`, id, u, s.clock.Now(), text, link, urgent, once)
		if err != nil {
			return nil, fmt.Errorf("leaving a notice: %w", err)
		}
		if n == 1 {
			left = append(left, id)
		}
	}
	return left, nil
}

// Mine lists the newest notices of the person signed in.
func (s *Service) Mine(ctx context.Context) ([]Notice, error) {
	actor, _ := authz.ActorOf(ctx)
	return store.All[Notice](ctx, s.db, `
		select `+store.Columns[Notice]("")+` from notify_notice where user_id = ? order by at desc, id desc limit 50`, actor.UserID)
}

// MarkRead marks one's own notices up to a moment as read.
func (s *Service) MarkRead(ctx context.Context, until time.Time) error {
	actor, ok := authz.ActorOf(ctx)
	if !ok {
		return fault.NewDenied("notice.own", "请先登录。")
	}
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		_, err := store.Exec(ctx, tx, `update notify_notice set read_at = ? where user_id = ? and at <= ? and read_at is null`, s.clock.Now(), actor.UserID, until)
		return err
	})
}

// Routes registers the package's operations.
func (s *Service) Routes(api *web.API) {
	web.Handle(api, web.Op{Method: "GET", Path: "/api/notices", ID: "notices", Rule: "notice.own", Summary: "One's own notices, newest first"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body []Notice }, error) {
			list, err := s.Mine(ctx)
			return &struct{ Body []Notice }{list}, err
		})
	type until struct {
		Body struct {
			Until time.Time `json:"until"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/notices/read", ID: "readNotices", Rule: "notice.own", Summary: "Mark one's own notices as read"},
		func(ctx context.Context, in *until) (*struct{}, error) { return nil, s.MarkRead(ctx, in.Body.Until) })
}
