package report

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shouwang/domain/registry"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/print"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

// Paper is one printed document of a case (文书). Its words are a template of
// the pack, documents/<kind>.yaml; what fills it is read when it is printed, so
// paper never says what the records do not.
type Paper struct {
	Kind string
	Rule string // who may print it
	// Fill reads what the template asks for about one record of the case.
	// NotFound when the case has no such record.
	Fill func(ctx context.Context, q store.Querier, t Thread, record string) (map[string]any, error)
}

// Papers adds a mechanism's documents.
func (s *Service) Papers(papers ...Paper) {
	for _, p := range papers {
		if s.policy.Pack.Documents[p.Kind] == nil {
			panic("report: the pack has no template for the paper " + p.Kind)
		}
		s.papers[p.Kind] = p
	}
}

// Print is a document of a case, filled. That it was taken stands in the
// journal, and whose copy it is stands across every page.
func (s *Service) Print(ctx context.Context, thread, kind, record, format string) (print.Document, error) {
	p, known := s.papers[kind]
	if !known {
		return print.Document{}, errNone
	}
	t, err := s.Reach(ctx, s.db, p.Rule, thread)
	if err != nil {
		return print.Document{}, err
	}
	data, err := p.Fill(ctx, s.db, t, record)
	if err != nil {
		return print.Document{}, err
	}
	data["case"] = t.Number
	data["today"] = clock.Today(s.clock).Chinese()
	d, err := s.policy.Pack.Documents[kind].Fill(data)
	if err != nil {
		return print.Document{}, err
	}
	actor, _ := authz.ActorOf(ctx)
	d.Watermark = actor.Name + " " + string(clock.Today(s.clock))
	return d, s.journal.Read(ctx, "thread.printed", t.Entry("paper", record, kind+" "+format))
}

// receiptPaper is what the police hand to whoever reports (接报回执): that the
// report was taken, when, and under which number; nothing of the child.
func (s *Service) receiptPaper(ctx context.Context, q store.Querier, t Thread, record string) (map[string]any, error) {
	all, err := reports(ctx, q, t)
	if err != nil {
		return nil, err
	}
	station, _, err := store.Maybe[string](ctx, q, `select name from account_organisation where id = ?`, t.PoliceUnit)
	if err != nil {
		return nil, fmt.Errorf("reading the station: %w", err)
	}
	for _, r := range all {
		if r.ID != record {
			continue
		}
		accepted := "尚未受理"
		if !r.AcceptedAt.IsZero() {
			accepted = clock.Minute(r.AcceptedAt)
		}
		words := []string{}
		for _, x := range s.policy.Pack.Situations {
			if slices.Contains(strings.Fields(r.Situations), x.ID) {
				words = append(words, x.Name)
			}
		}
		channel := slices.IndexFunc(Channels, func(w registry.Word) bool { return w.Code == string(r.Channel) })
		return map[string]any{
			"number": r.Number, "filed": clock.Minute(r.FiledAt), "accepted": accepted, "station": station,
			"channel": Channels[channel].Name, "situations": strings.Join(words, "、"), "digest": r.Digest,
		}, nil
	}
	return nil, errNone
}

// paperRoutes registers the one way a document leaves.
func (s *Service) paperRoutes(api *web.API) {
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/api/threads/{id}/papers/{kind}", ID: "printPaper", Rule: "thread.read", Summary: "A document of a case, to print (html, pdf) or to edit (docx)"},
		func(w http.ResponseWriter, r *http.Request) error {
			format := r.URL.Query().Get("format")
			kinds := map[string]string{
				"html": "text/html; charset=utf-8", "pdf": "application/pdf",
				"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
			}
			if kinds[format] == "" {
				return fault.NewInvalid("paper.format", "请选择网页、PDF 或 Word 格式。")
			}
			d, err := s.Print(r.Context(), r.PathValue("id"), r.PathValue("kind"), r.URL.Query().Get("record"), format)
			if err != nil {
				return err
			}
			var body []byte
			switch format {
			case "html":
				body = []byte(d.HTML())
			case "pdf":
				body, err = s.printer.PDF(r.Context(), d)
			case "docx":
				body, err = d.Docx()
			}
			if err != nil {
				return err
			}
			h := w.Header()
			h.Set("Content-Type", kinds[format])
			h.Set("Content-Length", strconv.Itoa(len(body)))
			h.Set("Cache-Control", "no-store")
			h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
			if format != "html" {
				h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(d.Title+"."+format))
			}
			_, err = w.Write(body)
			return err
		})
}

// KnowPlaces gives the documents the divisions as they stand.
func (s *Service) KnowPlaces(p registry.Places) { s.places = p }

// Where is a place in words, for paper: the town and the village.
func (s *Service) Where(code string) string {
	if s.places == nil {
		return code
	}
	return s.places.Book().FullName(region.Code(code))
}
