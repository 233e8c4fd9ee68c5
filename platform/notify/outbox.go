package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"shouwang/platform/clock"
	"shouwang/platform/store"
)

const (
	patience  = 15 * time.Second // how long a gateway is waited for
	lease     = time.Minute      // longer than patience: a worker alive keeps its message
	unreached = 3 * time.Minute  // then somebody else is told, within the five minutes of RELIABILITY R1
	stale     = 48 * time.Hour   // what is older is not sent any more
	firstWait = 5 * time.Second  // doubled at each attempt,
	longWait  = 10 * time.Minute // up to this
	senders   = 4
	idle      = 5 * time.Second
	lookRound = 20 * time.Second // how often Run looks for whom the gateway did not reach
)

// item is one message of the outbox.
type item struct {
	NoticeID  string    `db:"notice_id"`
	Urgent    bool      `db:"urgent"`
	CreatedAt time.Time `db:"created_at"`
	NextAt    time.Time `db:"next_at"`
}

// Run sends what the outbox holds through the gateway until ctx ends, and
// tells colleagues of those whom it does not reach. Several processes may run
// it on one store.
func (s *Service) Run(ctx context.Context, g *Gateway) {
	var wg sync.WaitGroup
	loop := func(what string, wait time.Duration, wake <-chan struct{}, step func(context.Context) (bool, error)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				more, err := step(ctx)
				if err != nil && ctx.Err() == nil {
					slog.Error(what, "cause", err)
				}
				if more && err == nil {
					continue
				}
				select {
				case <-wake:
				case <-time.After(wait):
				case <-ctx.Done():
				}
			}
		})
	}
	for range senders {
		loop("sending notices", idle, s.wake, func(ctx context.Context) (bool, error) { return s.Deliver(ctx, g) })
	}
	loop("telling colleagues", lookRound, nil, s.Escalate)
	wg.Wait()
}

// Deliver takes at most one message that is due and hands it to the gateway;
// it reports whether there was one. No transaction is open meanwhile. A worker
// that dies at it loses its lease, and the message goes out again under the
// same key, by which the gateway knows it.
func (s *Service) Deliver(ctx context.Context, g *Gateway) (bool, error) {
	o, ok, err := s.take(ctx)
	if err != nil || !ok {
		return false, err
	}
	now := s.clock.Now()
	outcome, next := "", now
	switch {
	case !o.ReadAt.IsZero():
		outcome = "read"
	case now.Sub(o.CreatedAt) > stale:
		outcome = "expired"
	case !o.DisabledAt.IsZero():
		outcome = "refused"
	default:
		m := message{ID: o.NoticeID, To: o.Username, Text: plainText, Urgent: o.Urgent, At: o.CreatedAt}
		if o.Urgent {
			m.Text = urgentText
		}
		err := g.send(ctx, m)
		switch {
		case ctx.Err() != nil:
			return false, nil // stopping: the lease runs out and the message is taken up again
		case err == nil:
			outcome = "sent"
		case errors.Is(err, errRefused):
			outcome = "refused"
		default:
			next = s.clock.Now().Add(min(longWait, firstWait<<min(o.Attempt-1, 10)))
		}
		if err != nil {
			slog.Warn("the gateway did not take a notice", "notice", o.NoticeID, "attempt", o.Attempt, "cause", err)
		}
	}
	return true, store.Do(ctx, s.db, func(tx *store.Tx) error {
		done := s.clock.Now()
		if outcome == "" {
			done = time.Time{}
		}
		_, err := store.Exec(ctx, tx, `
			update notify_outbox set outcome = ?, done_at = ?, next_at = ?, leased_until = null
			 where notice_id = ? and attempt = ? and outcome = ''`, outcome, done, next, o.NoticeID, o.Attempt)
		if err != nil {
			return fmt.Errorf("noting what became of a notice: %w", err)
		}
		return nil
	})
}

type taken struct {
	item
	Attempt    int       `db:"attempt"`
	Username   string    `db:"username"`
	DisabledAt time.Time `db:"disabled_at"`
	ReadAt     time.Time `db:"read_at"`
}

// take claims the message that is due first, the urgent before the others.
func (s *Service) take(ctx context.Context) (taken, bool, error) {
	now := s.clock.Now()
	due, err := store.One[int](ctx, s.db, `
		select count(*) from (select 1 from notify_outbox
		 where outcome = '' and next_at <= ? and (leased_until is null or leased_until < ?) limit 1) as d`, now, now)
	if err != nil || due == 0 {
		return taken{}, false, err
	}
	type result struct {
		taken
		ok bool
	}
	r, err := store.In(ctx, s.db, func(tx *store.Tx) (r result, err error) {
		id, ok, err := store.Maybe[string](ctx, tx, `
			update notify_outbox set leased_until = ?, attempt = attempt + 1
			 where notice_id = (select notice_id from notify_outbox
			                     where outcome = '' and next_at <= ? and (leased_until is null or leased_until < ?)
			                     order by urgent desc, next_at, notice_id limit 1`+store.For(tx, "", " for update skip locked")+`)
			returning notice_id`, now.Add(lease), now, now)
		if err != nil || !ok {
			return r, err
		}
		r.ok = true
		r.taken, err = store.One[taken](ctx, tx, `
			select o.notice_id, o.urgent, o.created_at, o.next_at, o.attempt, u.username, u.disabled_at, n.read_at
			  from notify_outbox o join notify_notice n on n.id = o.notice_id join account_user u on u.id = n.user_id
			 where o.notice_id = ?`, id)
		return r, err
	})
	if err != nil {
		return taken{}, false, fmt.Errorf("taking a notice to send: %w", err)
	}
	return r.taken, r.ok, nil
}

// outside are the roles that are nobody's colleagues: guardians are no
// officers, and administrators have no part in what is urgent.
const outside = `('guardian', 'system_admin', 'security_admin', 'audit_admin')`

// Escalate tells, inside the program, those who can reach somebody whom an
// urgent message did not: the others of their unit or, where there are none,
// those of the unit above. It does so once for each message that was refused or
// has waited three minutes, unless the notice was read; it reports whether it
// told of one and should be called again.
func (s *Service) Escalate(ctx context.Context) (bool, error) {
	now := s.clock.Now()
	type missed struct {
		NoticeID string `db:"notice_id"`
		UserID   string `db:"user_id"`
		Name     string `db:"name"`
	}
	m, ok, err := store.Maybe[missed](ctx, s.db, `
		select o.notice_id, n.user_id, u.name
		  from notify_outbox o join notify_notice n on n.id = o.notice_id join account_user u on u.id = n.user_id
		 where o.urgent = 1 and o.escalated_at is null and o.outcome in ('', 'refused') and n.read_at is null
		   and (o.created_at <= ? or o.outcome = 'refused') and o.created_at >= ?
		 order by o.created_at limit 1`, now.Add(-unreached), now.Add(-stale))
	if err != nil || !ok {
		return false, err
	}
	return true, store.Do(ctx, s.db, func(tx *store.Tx) error {
		n, err := store.Exec(ctx, tx, `
			update notify_outbox set escalated_at = ?
			 where notice_id = ? and escalated_at is null and outcome in ('', 'refused')`, now, m.NoticeID)
		if err != nil || n == 0 {
			return err
		}
		today := string(clock.Today(s.clock))
		for _, join := range []string{
			`join account_grant c on c.organisation_id = g.organisation_id`,
			`join account_organisation o on o.id = g.organisation_id join account_grant c on c.organisation_id = o.parent_id`,
		} {
			colleagues, err := store.All[string](ctx, tx, `
				select distinct c.user_id from account_grant g `+join+`
				 where g.user_id = ? and c.user_id <> g.user_id and g.role not in `+outside+` and c.role not in `+outside+`
				   and g.ended_at is null and g.from_on <= ? and (g.until_on = '' or g.until_on >= ?)
				   and c.ended_at is null and c.from_on <= ? and (c.until_on = '' or c.until_on >= ?)`, m.UserID, today, today, today, today)
			if err != nil {
				return fmt.Errorf("finding colleagues: %w", err)
			}
			if len(colleagues) > 0 {
				_, err := s.leave(ctx, tx, colleagues, "unreached/"+m.NoticeID, m.Name+"有一件紧急事项，短信没有送到，请当面或打电话提醒。", "", true)
				return err
			}
		}
		slog.Warn("nobody to tell that an urgent notice did not arrive", "notice", m.NoticeID)
		return nil
	})
}

// ForgetSent drops messages older than a moment, whatever became of them.
func ForgetSent(ctx context.Context, tx *store.Tx, before time.Time) error {
	_, err := store.Exec(ctx, tx, `delete from notify_outbox where created_at < ?`, before)
	return err
}

// post puts notices into the outbox, in the transaction that left them.
func (s *Service) post(ctx context.Context, tx *store.Tx, notices []string) error {
	if len(notices) == 0 {
		return nil
	}
	now := s.clock.Now()
	items := make([]item, len(notices))
	for i, id := range notices {
		items[i] = item{NoticeID: id, Urgent: true, CreatedAt: now, NextAt: now}
	}
	if err := store.Insert(ctx, tx, "notify_outbox", items...); err != nil {
		return fmt.Errorf("putting notices into the outbox: %w", err)
	}
	tx.AfterCommit(func() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	})
	return nil
}
