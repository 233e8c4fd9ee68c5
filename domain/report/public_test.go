package report_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/uuid"

	"shouwang/domain/registry/registrytest"
	"shouwang/domain/report"
	"shouwang/domain/report/reporttest"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
	"shouwang/platform/web"
)

// site serves the pages as the program does, without sign-in.
func site(t testing.TB, r *reporttest.Reports) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	api := web.New(mux, r.Rules, "test")
	r.Reports.Routes(api, r)
	if err := api.Err(); err != nil {
		t.Fatal(err)
	}
	return web.Chain(mux, func(*http.Request) (authz.Actor, bool, error) { return authz.Actor{}, false, nil })
}

func send(h http.Handler, path string, form url.Values) (int, string) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func page(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Body.String()
}

var ticketInput = regexp.MustCompile(`name="ticket" value="([^"]+)"`)

func ticketOf(t testing.TB, h http.Handler) string {
	t.Helper()
	found := ticketInput.FindStringSubmatch(page(h, "/report"))
	if found == nil {
		t.Fatal("the page gives out no ticket")
	}
	return found[1]
}

// work does what a browser does for a ticket.
func work(ticket string) string {
	for n := 0; ; n++ {
		sum := sha256.Sum256([]byte(ticket + ":" + strconv.Itoa(n)))
		if binary.BigEndian.Uint32(sum[:4])>>18 == 0 {
			return strconv.Itoa(n)
		}
	}
}

func reportsKept(t testing.TB, db *store.DB) int {
	t.Helper()
	n, err := store.One[int](context.Background(), db, `select count(*) from report_report`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPublicPage_WhatWasTypedSurvivesTheErrorAndTheReceiptIsShownOnce(t *testing.T) {
	r := reporttest.New(t, storetest.SQLite(t), nil)
	h := site(t, r)
	form := url.Values{"ticket": {ticketOf(t, h)}, "account": {"门口<b>坐着</b>一个孩子"}, "place": {"老街口"}, "region": {registrytest.Town}}
	status, body := send(h, "/report", form)
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, "门口&lt;b&gt;坐着&lt;/b&gt;一个孩子") || !strings.Contains(body, "老街口") || !strings.Contains(body, "请至少选一项") {
		t.Fatalf("without a situation: %d\n%s", status, body)
	}
	form.Set("situation", "alone")
	status, body = send(h, "/report", form)
	if status != http.StatusOK || !strings.Contains(body, "报告已收到") || !regexp.MustCompile(`报500235-2026-\d{6}`).MatchString(body) {
		t.Fatalf("with one: %d\n%s", status, body)
	}
	if _, again := send(h, "/report", form); !strings.Contains(again, "报告已收到") || reportsKept(t, r.DB) != 1 {
		t.Errorf("sent again it is kept %d times", reportsKept(t, r.DB))
	}
	if strings.Contains(page(h, "/report"), "老街口") {
		t.Error("the next visitor sees what was written")
	}
}

func TestPublicPage_AForgedTicketCostsTheLaneAndNotTheReport(t *testing.T) {
	r := reporttest.New(t, storetest.SQLite(t), nil)
	h := site(t, r)
	for i, ticket := range []string{"", "x", "a.b.c", ticketOf(t, h) + "0", strings.Repeat("9", 500)} {
		if status, body := send(h, "/report", url.Values{"ticket": {ticket}, "situation": {"alone"}, "account": {fmt.Sprint("一个人在家第几天了：", i)}}); status != http.StatusOK {
			t.Errorf("ticket %q: %d %s", ticket, status, body)
		}
	}
	if n := reportsKept(t, r.DB); n != 5 {
		t.Errorf("%d of 5 reports were kept", n)
	}
}

func TestPublicPage_TheChildsPageSaysNothingOfReports(t *testing.T) {
	r := reporttest.New(t, storetest.SQLite(t), nil)
	h := site(t, r)
	blank := page(h, "/note")
	status, saved := send(h, "/note", url.Values{"account": {"叔叔打我，我不想回家了"}, "safe": {"1"}, "telephone": {"13900003333"}})
	if status != http.StatusOK || !strings.Contains(saved, "已保存") {
		t.Fatalf("the note was not taken: %d %s", status, saved)
	}
	for _, word := range []string{"报告", "110", "公安", "警", "危险", "举报", "儿童"} {
		if shown := regexp.MustCompile(`(?s)<style>.*?</style>|报500235-2026-\d+`).ReplaceAllString(blank+saved, ""); strings.Contains(shown, word) {
			t.Errorf("the page that looks like nothing says %q", word)
		}
	}
	channel, err := store.One[string](context.Background(), r.DB, `select channel from report_report`)
	if err != nil || channel != "child" {
		t.Errorf("it came in by %q, %v", channel, err)
	}
}

func TestPublicPage_AnOversizeFileDoesNotCostTheReport(t *testing.T) {
	r := reporttest.New(t, storetest.SQLite(t), nil)
	h := site(t, r)
	receipt, _ := r.File()
	upload := func(file []byte) (int, string) {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		form.WriteField("number", receipt.Number)
		form.WriteField("secret", receipt.Secret)
		part, _ := form.CreateFormFile("file", "虚构.jpg")
		part.Write(file)
		form.Close()
		q := httptest.NewRequest(http.MethodPost, "/report/files", &body)
		q.Header.Set("Content-Type", form.FormDataContentType())
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		return w.Code, w.Body.String()
	}
	for name, file := range map[string][]byte{"too large": make([]byte, 21<<20), "no photograph": []byte("PK\x03\x04"), "a photograph in name only": append([]byte("\xff\xd8\xff"), make([]byte, 100)...)} {
		if status, body := upload(file); status != http.StatusUnprocessableEntity || !strings.Contains(body, "不超过") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := upload([]byte("%PDF-1.7 虚构")); status != http.StatusOK || !strings.Contains(body, "文件已收到") {
		t.Errorf("a good one: %d %s", status, body)
	}
	if n := reportsKept(t, r.DB); n != 1 {
		t.Errorf("%d reports are kept", n)
	}
}

// RELIABILITY P1 at the size of a test: junk from all sides at once, honest
// reports mixed in. Every honest report is kept within three tries; the control
// is a server without lanes' fast one, in which honest reports stand in the
// junk's queue.
func TestFlood_EveryHonestReportIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := reporttest.New(t, db, nil)
		h := site(t, r)
		stop := make(chan struct{})
		var junk, turned int64
		var mu sync.Mutex
		var flood sync.WaitGroup
		for i := range 160 { // more than the slow lane's queue holds
			flood.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					status, _ := send(h, "/report", url.Values{"situation": {"other"}, "account": {fmt.Sprintf("垃圾 %d %d 垃圾垃圾垃圾", i, n)}})
					mu.Lock()
					junk++
					if status == http.StatusServiceUnavailable {
						turned++
					}
					mu.Unlock()
				}
			})
		}
		var honest sync.WaitGroup
		kept := make([]bool, 40)
		for i := range kept {
			honest.Go(func() {
				ticket := ticketOf(t, h)
				form := url.Values{"ticket": {ticket}, "work": {work(ticket)}, "situation": {"violence"}, "account": {fmt.Sprintf("真的看见孩子被打，第 %d 户", i)}}
				for try := 0; try < 3 && !kept[i]; try++ {
					status, _ := send(h, "/report", form)
					kept[i] = status == http.StatusOK
				}
			})
		}
		honest.Wait()
		close(stop)
		flood.Wait()
		for i, ok := range kept {
			if !ok {
				t.Errorf("honest report %d was not kept", i)
			}
		}
		n, err := store.One[int](context.Background(), db, `select count(*) from report_report where situations = 'violence'`)
		if err != nil || n != len(kept) {
			t.Errorf("%d of %d honest reports are in the store, %v", n, len(kept), err)
		}
		// The officers' queue is not buried: what came in a surge is set apart, and
		// nothing honest is among it.
		shown, err := store.One[int](context.Background(), db, `select count(*) from report_thread where lane <> 'surge' and not exists (select 1 from report_report r where r.thread_id = report_thread.id and r.situations = 'violence')`)
		if err != nil || shown > 24 { // four at a time are counted before they stand
			t.Errorf("%d junk cases stand among the honest ones, %v", shown, err)
		}
		apart, err := store.One[int](context.Background(), db, `select count(*) from report_thread where lane = 'surge'`)
		if err != nil || apart == 0 {
			t.Errorf("%d are set apart, %v: the flood was none", apart, err)
		}
		urgent, err := store.One[int](context.Background(), db, `select count(*) from duty_duty where rule = 'report.accept' and state = 'open'`)
		if err != nil || urgent > 24+len(kept) {
			t.Errorf("the police owe %d acceptances at once, %v", urgent, err)
		}
		if lost := r.Unguarded(); len(lost) > 0 {
			t.Errorf("%d cases are nobody's", len(lost))
		}
		if turned == 0 {
			t.Errorf("none of %d junk reports was turned away: the flood was none", junk)
		}
		t.Logf("%d of %d honest reports kept; %d junk sent, %d turned away for now", n, len(kept), junk, turned)
	})
}

// What came in a surge is looked at like anything else: taken up, it calls on
// all that the law has told.
func TestSurge_WhatIsSetApartIsSiftedAndTakenUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := reporttest.New(t, db, nil)
		h := site(t, r)
		for i := range 22 {
			if status, _ := send(h, "/report", url.Values{"situation": {"alone"}, "account": {fmt.Sprint("没有脚本的手机，第几次了 ", i)}}); status != http.StatusOK {
				t.Fatal(status)
			}
		}
		police := r.Person("民警甲", authz.Police, r.Bureau)
		list := func(surge bool) []report.Row {
			rows, err := r.Reports.List(police, report.Filter{Surge: surge, Limit: 50})
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		if apart := list(true); len(apart) != 2 || len(list(false)) != 20 || apart[0].NextTitle != "甄别集中来件" {
			t.Fatalf("%d apart, %d not: %+v", len(apart), len(list(false)), apart)
		}
		id := list(true)[0].ID
		if err := r.Reports.Accept(police, id); err != nil {
			t.Fatal(err)
		}
		owed, err := store.All[string](context.Background(), db, `select rule from duty_duty where thread_id = ? and state = 'open' order by rule`, id)
		if err != nil || strings.Join(owed, " ") != "emergency.arrive report.answer report.inform" || len(list(true)) != 1 {
			t.Fatalf("%v %v", owed, err)
		}
		// An hour later the lane is as before.
		r.Clock.Advance(time.Hour + time.Minute)
		send(h, "/report", url.Values{"situation": {"alone"}, "account": {"后来又有一个孩子在路上"}})
		if len(list(true)) != 1 {
			t.Fatal("the surge is over and goes on")
		}
	})
}

// RELIABILITY P3: a report of a child nobody knew, the same told again, and one
// about a child on file are answered alike: who reports learns nothing of the
// register, and neither does who watches the line.
func TestPublicPage_NewToldBeforeAndKnownAreAnsweredAlike(t *testing.T) {
	r := reporttest.New(t, storetest.SQLite(t), nil)
	h := site(t, r)
	r.Child("王小花")
	sent := func(name, account string) string {
		ticket := ticketOf(t, h)
		status, body := send(h, "/report", url.Values{"ticket": {ticket}, "work": {work(ticket)}, "situation": {"violence"}, "name": {name}, "child_name": {name}, "account": {account}, "region": {registrytest.Town}})
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		return body
	}
	fresh := sent("李不知", "楼下有孩子在哭，哭了一晚上")
	again := sent("李不知", "楼下有孩子在哭，哭了一晚上")
	known := sent("王小花", "王小花胳膊上有伤，哭了一晚上")
	for name, other := range map[string]string{"told before": again, "known": known} {
		if len(fresh)-len(other) > 50 || len(other)-len(fresh) > 50 {
			t.Errorf("%s is answered with %d bytes, a new one with %d", name, len(other), len(fresh))
		}
	}
}

// Nothing of the browser that sent an anonymous report is kept.
func TestPublicPage_NothingOfTheBrowserIsKept(t *testing.T) {
	looked := 0
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := reporttest.New(t, db, nil)
		h := site(t, r)
		form := url.Values{"situation": {"violence"}, "account": {"看见孩子被打，地点在老街"}}
		req := httptest.NewRequest(http.MethodPost, "/report", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.RemoteAddr = "203.0.113.77:4077"
		canaries := []string{"203.0.113.77", "canary-agent", "198.51.100.77", "canary-cookie", "canary-referer"}
		for name, value := range map[string]string{"User-Agent": canaries[1], "X-Forwarded-For": canaries[2], "Cookie": "id=" + canaries[3], "Referer": "http://x/" + canaries[4]} {
			req.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != http.StatusOK || len(w.Result().Cookies()) != 0 {
			t.Fatalf("%d, cookies %v", w.Code, w.Result().Cookies())
		}
		for _, table := range []string{"report_report", "report_thread", "report_reporter", "journal_line", "notify_notice", "duty_duty", "platform_once"} {
			rows, err := store.All[string](context.Background(), db, "select cast("+table+" as text) from "+table)
			if err != nil { // SQLite has no row as text
				continue
			}
			for _, row := range rows {
				looked++
				for _, c := range canaries {
					if strings.Contains(row, c) {
						t.Errorf("%s keeps %q", table, c)
					}
				}
			}
		}
	})
	if looked < 5 {
		t.Errorf("only %d rows were looked at: the search proves nothing", looked)
	}
}

func TestAgency_OnlyWhatIsSignedIsTakenAndAReplayCountsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := reporttest.New(t, db, nil)
		h := site(t, r)
		hospital := r.Unit(account.Hospital, "县医院（虚构）", registrytest.County)
		if _, err := r.Reports.AddAgency(reporttest.System(), r.Unit(account.Family, "家庭（虚构）", registrytest.Village).ID); !fault.Is(err, fault.Invalid) {
			t.Fatalf("a family is given a key: %v", err)
		}
		key, err := r.Reports.AddAgency(reporttest.System(), hospital.ID)
		if err != nil {
			t.Fatal(err)
		}
		post := func(at time.Time, secret string, n report.NewReport, damage string) (int, report.Receipt) {
			body, err := json.Marshal(n)
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := hex.DecodeString(secret)
			stamp := at.Format(time.RFC3339)
			mac := hmac.New(sm3.New, raw)
			io.WriteString(mac, stamp+"\n"+string(body))
			q := httptest.NewRequest(http.MethodPost, "/api/agency/reports", strings.NewReader(string(body)+damage))
			q.Header.Set("X-Agency", key.ID)
			q.Header.Set("X-Time", stamp)
			q.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, q)
			var receipt report.Receipt
			_ = json.Unmarshal(w.Body.Bytes(), &receipt)
			return w.Code, receipt
		}
		now := r.Clock.Now()
		n := reporttest.NewReport()
		if status, _ := post(now, strings.Repeat("ab", 32), n, ""); status != http.StatusForbidden {
			t.Errorf("signed with another key: %d", status)
		}
		if status, _ := post(now, key.Secret, n, " "); status != http.StatusForbidden {
			t.Errorf("changed on the way: %d", status)
		}
		first := report.Receipt{}
		for _, skew := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour, -7 * 24 * time.Hour} {
			status, receipt := post(now.Add(skew), key.Secret, n, "")
			if first.ID == "" {
				first = receipt
			}
			if status != http.StatusOK || receipt.Number != first.Number {
				t.Errorf("sent with a clock %v off: %d %+v", skew, status, receipt)
			}
		}
		for range 50 { // a week's worth at once, each once more
			n := reporttest.NewReport(func(n *report.NewReport) { n.Content.Account = "门诊所见 " + uuid.NewString() })
			for range 2 {
				if status, _ := post(now, key.Secret, n, ""); status != http.StatusOK {
					t.Fatalf("one of a burst: %d", status)
				}
			}
		}
		if kept := reportsKept(t, db); kept != 51 {
			t.Errorf("%d reports are kept of 51", kept)
		}
		if err := r.Reports.EndAgency(reporttest.System(), key.ID); err != nil {
			t.Fatal(err)
		}
		if status, _ := post(now, key.Secret, reporttest.NewReport(), ""); status != http.StatusForbidden {
			t.Errorf("an ended key still signs: %d", status)
		}
	})
}

func FuzzPublicPage(f *testing.F) {
	r := reporttest.New(f, storetest.SQLite(f), nil)
	h := site(f, r)
	f.Add("ticket=x&situation=alone&account=%E4%BD%A0", "/report")
	f.Add("account=%ff%00&situation=%00&region=500235", "/note")
	f.Add("number=%25&secret='", "/report/progress")
	f.Fuzz(func(t *testing.T, body, path string) {
		if path != "/report" && path != "/note" && path != "/report/progress" {
			path = "/report"
		}
		q := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code >= 500 || strings.Contains(w.Body.String(), "<script>") {
			t.Fatalf("%s %q: %d %s", path, body, w.Code, w.Body.String())
		}
	})
}
