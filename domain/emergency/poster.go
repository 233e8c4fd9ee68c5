package emergency

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base32"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shouwang/domain/casework"
	"shouwang/domain/policy"
	"shouwang/domain/report"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

//go:embed poster.html
var posterPage string

var posterTemplate = template.Must(template.New("poster").Parse(posterPage))

// poster is the row behind a public page.
type poster struct {
	Token      string    `db:"token"`
	RecordID   string    `db:"record_id"`
	ThreadID   string    `db:"thread_id"`
	Region     string    `db:"region"`
	UntilAt    time.Time `db:"until_at"`
	RecalledAt time.Time `db:"recalled_at"`
}

// longestPoster is for how many days a child may be shown to the public.
const longestPoster = 15

// publish makes the public page of a search (寻人启事): issued by the police,
// ending by itself, under an address that nobody can guess.
func (s *Service) publish(ctx context.Context, tx *store.Tx, t *report.Thread, r *casework.Record) error {
	until := policy.DayOf(r.Values["until"])
	if today := clock.Today(s.clock); until < today || until > today.AddDays(longestPoster) {
		return fault.NewInvalid("emergency.until", "有内容需要修改，请看标出的地方。").At("until", "请选择今天起十五天之内的日期")
	}
	if photo, _ := r.Values["photo"].(string); photo != "" {
		if _, err := s.report.Photo(ctx, tx, *t, photo); err != nil {
			return fault.NewInvalid("emergency.photo", "有内容需要修改，请看标出的地方。").At("photo", "请添加一张照片")
		}
	}
	secret := make([]byte, 20)
	if _, err := rand.Read(secret); err != nil {
		return fault.NewInternal(err)
	}
	p := poster{Token: strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)), RecordID: r.ID, ThreadID: t.ID, Region: t.Region, UntilAt: until.End()}
	r.Values["page"] = "/missing/" + p.Token
	if err := store.Insert(ctx, tx, "emergency_poster", p); err != nil {
		return fmt.Errorf("keeping the poster: %w", err)
	}
	return s.journal.Record(ctx, tx, "emergency.published", t.Entry("poster", r.ID, string(until)))
}

// recall takes every poster of a case, and of those joined to it, down: the child is found, or should no
// longer be shown.
func (s *Service) recall(ctx context.Context, tx *store.Tx, t *report.Thread, _ *casework.Record) error {
	n, err := store.Exec(ctx, tx, `
		update emergency_poster set recalled_at = ?
		 where (thread_id = ? or thread_id in (select j.id from report_thread j where j.joined_into = ?)) and recalled_at is null`, s.clock.Now(), t.ID, t.ID)
	if err != nil {
		return fmt.Errorf("recalling the poster: %w", err)
	}
	if n == 0 {
		return nil
	}
	return s.journal.Record(ctx, tx, "emergency.recalled", t.Entry("poster", t.ID, ""))
}

// shown is a poster's row while it is shown; NotFound before, after and where
// there is none.
func (s *Service) shown(ctx context.Context, token string) (poster, report.Thread, error) {
	none := fault.NewNotFound("emergency.poster", "这份寻人启事已经撤下。谢谢您的关心。")
	p, found, err := store.Maybe[poster](ctx, s.db, `select `+store.Columns[poster]("")+` from emergency_poster where token = ?`, token)
	if err != nil {
		return poster{}, report.Thread{}, fmt.Errorf("reading the poster: %w", err)
	}
	if !found || !p.RecalledAt.IsZero() || !s.clock.Now().Before(p.UntilAt) {
		return poster{}, report.Thread{}, none
	}
	t, err := s.report.Thread(ctx, s.db, p.ThreadID)
	return p, t, err
}

// record is what a poster says, as it stands corrected.
func (s *Service) record(ctx context.Context, p poster, t report.Thread) (map[string]any, error) {
	all, err := s.cases.Records(ctx, s.db, t)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.ID == p.RecordID {
			return r.Values, nil
		}
	}
	return nil, fault.NewNotFound("emergency.poster", "这份寻人启事已经撤下。谢谢您的关心。")
}

// Routes registers the public pages. They are not to be kept or found by
// searching.
func (s *Service) Routes(api *web.API) {
	head := func(w http.ResponseWriter) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, noimageindex, noarchive")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	}
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/missing/{token}", ID: "posterPage", Rule: authz.Public, Summary: "A poster of a missing child"},
		func(w http.ResponseWriter, r *http.Request) error {
			head(w)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			p, t, err := s.shown(r.Context(), r.PathValue("token"))
			var says map[string]any
			if err == nil {
				says, err = s.record(r.Context(), p, t)
			}
			if fault.Is(err, fault.NotFound) {
				w.WriteHeader(http.StatusGone)
				return posterTemplate.Execute(w, nil)
			}
			if err != nil {
				return err
			}
			return posterTemplate.Execute(w, map[string]any{"Says": says, "Token": p.Token, "Until": clock.DayOf(p.UntilAt.Add(-time.Second)).Chinese()})
		})
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/missing/{token}/photo", ID: "posterPhoto", Rule: authz.Public, Summary: "Its photograph"},
		func(w http.ResponseWriter, r *http.Request) error {
			p, t, err := s.shown(r.Context(), r.PathValue("token"))
			if err != nil {
				return err
			}
			says, err := s.record(r.Context(), p, t)
			if err != nil {
				return err
			}
			id, _ := says["photo"].(string)
			photo, err := s.report.Photo(r.Context(), s.db, t, id)
			if err != nil {
				return err
			}
			head(w)
			w.Header().Set("Content-Type", "image/jpeg")
			w.Header().Set("Content-Length", strconv.Itoa(len(photo)))
			_, err = w.Write(photo)
			return err
		})
}
