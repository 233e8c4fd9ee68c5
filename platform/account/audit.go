package account

import (
	"context"
	"fmt"
	"strconv"

	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

// JournalFilter narrows the audit administrator's view.
type JournalFilter struct {
	Author  string
	Outcome string
	Action  string
	Before  int64
	Limit   int
}

// Journal shows the journal to the audit administrator, newest first: ids and
// public words only, so that auditing shows nobody's particulars. Lines of no
// place (sign-ins) are shown to every audit administrator.
func (s *Service) Journal(ctx context.Context, f JournalFilter) ([]journal.Line, error) {
	scoped, err := s.rules.Scoped(ctx, "journal.list")
	if err != nil {
		return nil, err
	}
	if f.Before == 0 {
		f.Before = 1<<63 - 1
	}
	lines, err := store.All[journal.Line](scoped, s.db, `
		select l.id, l.at, l.author_id, l.author, l.action, l.purpose, l.duty_id, l.kind, l.record_id, l.subject_id, l.region, l.outcome, l.detail
		  from journal_line l
		 where ({scope l subject_id} or l.region = '') and l.id < ?
		   and (? = '' or l.author_id = ?) and (? = '' or l.outcome = ?) and (? = '' or l.action = ?)
		 order by l.id desc
		 limit ?`, f.Before, f.Author, f.Author, f.Outcome, f.Outcome, f.Action, f.Action, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return lines, s.journal.Read(ctx, "journal.list", journal.Entry{Kind: "journal"})
}

func (s *Service) journalRoutes(api *web.API) {
	type query struct {
		Author  string `query:"author" maxLength:"40"`
		Outcome string `query:"outcome" enum:"done,read,denied,"`
		Action  string `query:"action" maxLength:"40"`
		After   string `query:"after" maxLength:"20"`
	}
	const rows = 50
	web.Handle(api, web.Op{Method: "GET", Path: "/api/journal", ID: "journal", Rule: "journal.list", Summary: "The journal, newest first"},
		func(ctx context.Context, in *query) (*struct{ Body web.Page[journal.Line] }, error) {
			before, _ := strconv.ParseInt(in.After, 10, 64)
			lines, err := s.Journal(ctx, JournalFilter{Author: in.Author, Outcome: in.Outcome, Action: in.Action, Before: before, Limit: rows + 1})
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[journal.Line] }{web.Cut(lines, rows, func(l journal.Line) string { return strconv.FormatInt(l.ID, 10) })}, nil
		})
}
