package emergency

import (
	"context"
	"fmt"

	"shouwang/domain/casework"
	"shouwang/domain/duty"
	"shouwang/domain/report"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/journal"
	"shouwang/platform/notify"
	"shouwang/platform/region"
	"shouwang/platform/store"
)

// Books gives the divisions as they stand.
type Books interface{ Book() *region.Book }

// Service is all that others may call.
type Service struct {
	db      *store.DB
	cases   *casework.Service
	report  *report.Service
	notify  *notify.Service
	journal *journal.Journal
	clock   clock.Clock
	books   Books
}

// NewService adds to the casework what data cannot say.
func NewService(db *store.DB, c *casework.Service, r *report.Service, n *notify.Service, j *journal.Journal, k clock.Clock, books Books) *Service {
	s := &Service{db: db, cases: c, report: r, notify: n, journal: j, clock: k, books: books}
	c.On("broadcast", s.broadcast)
	c.On("poster", s.publish)
	for _, kind := range []string{"poster_recalled", "found", "search_closed"} {
		c.On(kind, s.recall)
	}
	return s
}

// broadcast tells every village around, or every town of the county, that a
// child is lost (四.二.9). The notice names nobody.
func (s *Service) broadcast(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	role, around := authz.VillageDirector, region.Code(duty.PostRegion(authz.TownshipSupervisor, t.Region))
	if r.Values["scope"] == "county" || region.Code(t.Region).Level() <= region.County {
		role, around = authz.TownshipSupervisor, region.Code(t.Region[:6]+"000000")
	}
	link, _, err := store.Maybe[string](ctx, tx, `
		select '/missing/' || token from emergency_poster 
		 where thread_id = ? and recalled_at is null and until_at > ? order by until_at desc limit 1`, r.ThreadID, s.clock.Now())
	if err != nil {
		return fmt.Errorf("finding the poster: %w", err)
	}
	const words = "附近有儿童走失，公安机关请协助查找。详情请联系派出所，发现线索请立即拨打 110。"
	if unit, _ := r.Values["unit"].(string); unit != "" {
		post, err := s.cases.UnitPost(ctx, tx, unit)
		if err == nil {
			err = s.notify.TellTx(ctx, tx, post, "search/"+r.ID, words, link, true)
		}
		if err != nil {
			return fmt.Errorf("telling the unit: %w", err)
		}
	}
	for _, place := range s.books.Book().Children(around) {
		post := authz.Post{Role: role, Region: string(place.Code)}
		if err := s.notify.TellTx(ctx, tx, post, "search/"+r.ID, words, link, true); err != nil {
			return fmt.Errorf("telling %s: %w", place.Code, err)
		}
	}
	return nil
}
