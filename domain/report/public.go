package report

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/web"
)

//go:embed page
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "page/*.html"))

// The page for anybody. It works without scripts, leaves nothing in the
// browser, asks for no account and keeps no address. Whoever floods it must do
// work for each report to stand in the lane of those whose browsers do the
// same unasked; the lane without is narrow but never closed, and gives back
// what was typed when it is full.
type lane struct {
	seats chan struct{} // being kept
	queue chan struct{} // waiting
	wait  time.Duration
}

func newLane(seats, queue int, wait time.Duration) *lane {
	return &lane{make(chan struct{}, seats), make(chan struct{}, queue), wait}
}

// enter takes a seat, waiting a while in a bounded queue; false when full.
func (l *lane) enter(ctx context.Context) bool {
	select {
	case l.queue <- struct{}{}:
	default:
		return false
	}
	defer func() { <-l.queue }()
	select {
	case l.seats <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-time.After(l.wait):
	}
	return false
}

func (l *lane) leave() { <-l.seats }

// step is what answers of the public page are rounded up to: how long it takes
// to join a case or to open one would tell who is known.
const step = 50 * time.Millisecond

func even(ctx context.Context, since time.Time) {
	wait := time.NewTimer(step - time.Since(since)%step)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// ticket begins a report: its id, signed with the hour, so that an id cannot be
// made up in stock. work is what a browser does for it before it is sent.
func (s *Service) ticket(now time.Time) string {
	body := uuid.Must(uuid.NewV7()).String() + "." + strconv.FormatInt(now.Unix(), 36)
	return body + "." + hex.EncodeToString(s.keys.Index("report.ticket", body))
}

const (
	ticketLife = 24 * time.Hour
	workBits   = 14
)

// check reads a ticket's id, and whether it was given out lately and worked
// for. A report without a good ticket is taken all the same, in the slow lane.
func (s *Service) check(ticket, work string, now time.Time) (id string, worked bool) {
	parts := strings.Split(ticket, ".")
	if len(parts) != 3 {
		return newID(), false
	}
	mac, err := hex.DecodeString(parts[2])
	if err != nil || subtle.ConstantTimeCompare(mac, s.keys.Index("report.ticket", parts[0]+"."+parts[1])) != 1 {
		return newID(), false
	}
	at, err := strconv.ParseInt(parts[1], 36, 64)
	sum := sha256.Sum256([]byte(ticket + ":" + work))
	return parts[0], err == nil && now.Sub(time.Unix(at, 0)) < ticketLife && binary.BigEndian.Uint32(sum[:4])>>(32-workBits) == 0
}

// shown is what a page is filled with.
type shown struct {
	Ticket     string
	Towns      []region.Region
	County     region.Region
	Situations []policy.Situation
	Typed      typed
	Error      string
	Fields     map[string]string
	Receipt    Receipt
	Progress   Progress
	Busy       bool
	Saved      bool
}

// typed is what a person wrote, to be given back with an error.
type typed struct {
	Region, Account, ChildName, Age, Place, School, Family, Name, Telephone, Number, Secret string
	Situations                                                                              []string
	Urgent, Safe                                                                            bool
}

// Has is for the boxes that were ticked.
func (t typed) Has(situation string) bool { return slices.Contains(t.Situations, situation) }

func (s *Service) begin(ctx context.Context, places registry.Places) (shown, error) {
	county, _, err := store.Maybe[string](ctx, s.db, `
		select substr(region, 1, 6) || '000000' from account_organisation where kind in (?, ?) and ended_on = '' order by region limit 1`,
		string(account.CivilAffairs), string(account.CountyPolice))
	if err != nil {
		return shown{}, fmt.Errorf("reading the county: %w", err)
	}
	p := shown{Ticket: s.ticket(s.clock.Now()), Situations: s.policy.Pack.Situations}
	if r, ok := places.Book().Find(region.Code(county)); ok {
		p.County, p.Towns = r, places.Book().Children(r.Code)
	}
	return p, nil
}

const largestForm = 64 << 10

func (s *Service) publicRoutes(api *web.API, places registry.Places) {
	fast, slow := newLane(32, 512, 20*time.Second), newLane(4, 128, 20*time.Second)
	show := func(w http.ResponseWriter, status int, name string, p shown) error {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Clear-Site-Data", `"cache"`)
		w.WriteHeader(status)
		_ = templates.ExecuteTemplate(w, name, p) // the browser has gone: nobody to tell
		return nil
	}
	get := func(path, id, name, summary string) {
		web.HandleRaw(api, web.Op{Method: "GET", Path: path, ID: id, Rule: authz.Public, Summary: summary}, func(w http.ResponseWriter, r *http.Request) error {
			p, err := s.begin(r.Context(), places)
			if err != nil {
				return err
			}
			return show(w, http.StatusOK, name, p)
		})
	}
	get("/report", "reportPage", "report.html", "The page on which anybody reports")
	get("/note", "notePage", "note.html", "The page that looks like nothing, on which a child writes")
	get("/report/progress", "progressPage", "progress.html", "What became of a report")
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/report.js", ID: "reportScript", Rule: authz.Public, Summary: "What the page does where scripts run"},
		func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			script, err := pages.ReadFile("page/report.js")
			if err == nil {
				_, err = w.Write(script)
			}
			return err
		})
	post := func(path, id, name string, by Channel, read func(typed) NewReport) {
		web.HandleRaw(api, web.Op{Method: "POST", Path: path, ID: id, Rule: authz.Public, Summary: "Take a report from anybody"}, func(w http.ResponseWriter, r *http.Request) error {
			r.Body = http.MaxBytesReader(w, r.Body, largestForm)
			p, err := s.begin(r.Context(), places)
			if err != nil {
				return err
			}
			if err := r.ParseForm(); err != nil {
				p.Error = "内容太长或没有传完。请删短一些再交；照片等报告收到后再传。情况紧急请直接拨打 110。"
				return show(w, http.StatusUnprocessableEntity, name, p)
			}
			p.Typed = readForm(r)
			n := read(p.Typed)
			var worked bool
			n.ID, worked = s.check(r.PostForm.Get("ticket"), r.PostForm.Get("work"), s.clock.Now())
			through := slow
			if worked {
				through = fast
			}
			if n.Region == "" {
				n.Region = string(p.County.Code)
			}
			if !through.enter(r.Context()) {
				p.Busy, p.Error = true, "现在提交的人很多，这份报告还没有收到。您写的内容还在下面，请过一会儿再点提交。情况紧急请直接拨打 110。"
				w.Header().Set("Retry-After", "5")
				return show(w, http.StatusServiceUnavailable, name, p)
			}
			arrived := time.Now()
			p.Receipt, err = func() (Receipt, error) {
				defer through.leave()
				return s.filePublic(r.Context(), n, sender{channel: by, slow: !worked && by == Public})
			}()
			even(r.Context(), arrived)
			if err != nil {
				f := fault.Of(err)
				p.Error, p.Fields = f.Text, f.Fields
				if f.Kind == fault.Internal {
					p.Error = "报告还没有收到，请再点一次提交。情况紧急请直接拨打 110。"
					return show(w, http.StatusServiceUnavailable, name, p)
				}
				return show(w, http.StatusUnprocessableEntity, name, p)
			}
			p.Saved = true
			return show(w, http.StatusOK, name, p)
		})
	}
	post("/report", "sendReport", "report.html", Public, func(t typed) NewReport {
		return NewReport{Region: t.Region, Situations: t.Situations, Urgent: t.Urgent, Anonymous: t.Name == "" && t.Telephone == "",
			Content:  Content{ChildName: t.ChildName, Age: t.Age, Place: t.Place, School: t.School, Family: t.Family, Account: t.Account, Present: t.Urgent},
			Reporter: Reporter{Name: t.Name, Telephone: t.Telephone}}
	})
	post("/note", "sendNote", "note.html", Own, func(t typed) NewReport {
		return NewReport{Region: t.Region, Situations: []string{"other"}, Urgent: t.Urgent, Anonymous: true,
			Content: Content{ChildName: t.ChildName, Place: t.Place, Account: t.Account, Telephone: t.Telephone, SafeToPhone: t.Safe}}
	})
	web.HandleRaw(api, web.Op{Method: "POST", Path: "/report/progress", ID: "askProgress", Rule: authz.Public, Summary: "Ask what became of a report"}, func(w http.ResponseWriter, r *http.Request) error {
		r.Body = http.MaxBytesReader(w, r.Body, largestForm)
		var p shown
		if err := r.ParseForm(); err == nil {
			p.Typed = readForm(r)
		}
		var err error
		if p.Progress, err = s.Progress(r.Context(), p.Typed.Number, p.Typed.Secret); err != nil {
			f := fault.Of(err)
			if f.Kind == fault.Internal {
				return err
			}
			p.Error = f.Text
			return show(w, http.StatusNotFound, "progress.html", p)
		}
		return show(w, http.StatusOK, "progress.html", p)
	})
	web.HandleRaw(api, web.Op{Method: "POST", Path: "/report/files", ID: "sendReportFile", Rule: authz.Public, Summary: "Add a file to a report by its receipt"}, func(w http.ResponseWriter, r *http.Request) error {
		if !slow.enter(r.Context()) {
			return fault.NewConflict("file.busy", "现在上传的人很多，请过一会儿再传。报告本身已经收到，不受影响。")
		}
		defer slow.leave()
		r.Body = http.MaxBytesReader(w, r.Body, largestFile+largestForm)
		var p shown
		err := s.takeFile(r, &p.Typed)
		if err == nil {
			p.Progress, err = s.Progress(r.Context(), p.Typed.Number, p.Typed.Secret)
		}
		if err != nil {
			f := fault.Of(err)
			if f.Kind == fault.Internal {
				return err
			}
			p.Error = f.Text
			p.Progress, _ = s.Progress(r.Context(), p.Typed.Number, p.Typed.Secret) // shown again where it can be
			return show(w, http.StatusUnprocessableEntity, "progress.html", p)
		}
		p.Saved = true
		return show(w, http.StatusOK, "progress.html", p)
	})
}

// takeFile reads number, secret and file of a form, in this order, without
// keeping any of it on the disk in clear.
func (s *Service) takeFile(r *http.Request, t *typed) error {
	form, err := r.MultipartReader()
	if err != nil {
		return errFile
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return errFile
		}
		if err != nil {
			return errFile.Because(err)
		}
		most := int64(100)
		if part.FormName() == "file" {
			most = largestFile + 1
		}
		text, err := io.ReadAll(io.LimitReader(part, most))
		if err != nil {
			return errFile.Because(err)
		}
		switch part.FormName() {
		case "number":
			t.Number = string(text)
		case "secret":
			t.Secret = string(text)
		case "file":
			return s.AddReportFile(r.Context(), t.Number, t.Secret, uuid.NewString(), text)
		}
	}
}

func readForm(r *http.Request) typed {
	v := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	return typed{Region: v("region"), Account: v("account"), ChildName: v("child_name"), Age: v("age"), Place: v("place"), School: v("school"), Family: v("family"),
		Name: v("name"), Telephone: v("telephone"), Number: v("number"), Secret: v("secret"),
		Situations: r.PostForm["situation"], Urgent: v("urgent") == "1", Safe: v("safe") == "1"}
}
