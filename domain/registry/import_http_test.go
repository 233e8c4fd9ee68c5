package registry_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"shouwang/domain/registry"
	"shouwang/domain/registry/registrytest"
	"shouwang/platform/authz"
	"shouwang/platform/store/storetest"
	"shouwang/platform/web"
)

// desk is a browser at an office.
type desk struct {
	t      *testing.T
	server *httptest.Server
}

func open(t *testing.T, f *fixture, role authz.Role, place string) *desk {
	t.Helper()
	mux := http.NewServeMux()
	api := web.New(mux, f.Rules, "test")
	f.imports.Routes(api)
	must(t, api.Err())
	actor, _ := authz.ActorOf(registrytest.As(role, place))
	d := &desk{t, httptest.NewServer(web.Chain(mux, func(*http.Request) (authz.Actor, bool, error) { return actor, true, nil }))}
	t.Cleanup(d.server.Close)
	return d
}

// send asks and reads the answer into out; it returns the status.
func (d *desk) send(method, path, kind string, body io.Reader, out any) int {
	d.t.Helper()
	r, err := http.NewRequest(method, d.server.URL+path, body)
	must(d.t, err)
	r.Header.Set("Content-Type", kind)
	answer, err := d.server.Client().Do(r)
	must(d.t, err)
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	must(d.t, err)
	if raw, ok := out.(*[]byte); ok {
		*raw = b
	} else if out != nil && len(b) > 0 {
		if err := json.Unmarshal(b, out); err != nil {
			d.t.Fatalf("%s %s: %s", method, path, b)
		}
	}
	return answer.StatusCode
}

func (d *desk) json(method, path string, body, out any) int {
	d.t.Helper()
	b, err := json.Marshal(body)
	must(d.t, err)
	return d.send(method, path, "application/json", bytes.NewReader(b), out)
}

func TestImportRoutes_TheWholeWayThroughTheBrowser(t *testing.T) {
	f := fixed(t, storetest.SQLite(t))
	d := open(t, f, authz.CivilAffairs, registrytest.County)
	rows := many(3)
	rows[1][4] = "外郎乡龙河村"
	data := roster(t, rows...)

	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "花名册.xlsx")
	must(t, err)
	_, err = part.Write(data)
	must(t, err)
	must(t, w.Close())
	var got registry.Received
	if status := d.send("POST", "/api/imports", w.FormDataContentType(), &form, &got); status != http.StatusAccepted || got.ID == "" {
		t.Fatalf("%d %+v", status, got)
	}
	var again registry.Received
	if d.send("POST", "/api/imports?name=x.xlsx", "application/octet-stream", bytes.NewReader(data), &again); !again.Already || again.ID != got.ID {
		t.Fatalf("the same file again: %+v", again)
	}
	must(t, f.Jobs.Drain(context.Background()))
	at := "/api/imports/" + got.ID

	var i registry.Import
	if status := d.json("GET", at, nil, &i); status != 200 || i.State != registry.ImportChecked || i.FileName != "花名册.xlsx" || i.Accepted != 2 || i.Held != 1 {
		t.Fatalf("%d %+v", status, i)
	}
	var list web.Page[registry.Import]
	if status := d.json("GET", "/api/imports", nil, &list); status != 200 || len(list.Rows) != 1 {
		t.Fatalf("%d %+v", status, list)
	}
	var mapping struct {
		Sheets []registry.Mapping     `json:"sheets"`
		Fields []registry.FieldChoice `json:"fields"`
	}
	if status := d.json("GET", at+"/mapping", nil, &mapping); status != 200 || mapping.Sheets[0].Columns[0].Field != "name" || len(mapping.Fields) == 0 {
		t.Fatalf("%d %+v", status, mapping)
	}
	columns := []map[string]any{}
	for _, c := range mapping.Sheets[0].Columns {
		columns = append(columns, map[string]any{"column": c.Index, "field": c.Field})
	}
	if status := d.json("PUT", at+"/mapping", map[string]any{"sheets": []any{map[string]any{"sheet": 0, "columns": columns}}}, nil); status != 200 {
		t.Fatal(status)
	}
	must(t, f.Jobs.Drain(context.Background()))
	if status := d.json("POST", at+"/post", nil, nil); status != 200 {
		t.Fatal(status)
	}
	must(t, f.Jobs.Drain(context.Background()))
	var page web.Page[registry.ImportRow]
	if status := d.json("GET", at+"/rows?outcome=held&code=place.no_such_village", nil, &page); status != 200 || len(page.Rows) != 1 || !strings.Contains(page.Rows[0].Said["identity"], "*") {
		t.Fatalf("%d %+v", status, page)
	}
	if status := d.json("GET", at+"/rows?code=place_no_such_village", nil, &page); status != 200 || len(page.Rows) != 0 {
		t.Fatalf("%d %+v", status, page)
	}
	var book []byte
	if status := d.send("GET", at+"/problems.xlsx", "", nil, &book); status != 200 || !bytes.HasPrefix(book, []byte("PK")) {
		t.Fatalf("%d %q", status, book[:min(80, len(book))])
	}
	var decided registry.Decided
	if status := d.json("POST", at+"/decisions", map[string]any{"row": 2, "place": registrytest.Village}, &decided); status != 200 || decided.Rows != 1 {
		t.Fatalf("%d %+v", status, decided)
	}
	var problem web.Problem
	if status := d.json("POST", at+"/rows/2/decision", registry.RowDecision{Version: 1, Action: "accept"}, &problem); status != http.StatusPreconditionFailed {
		t.Fatalf("an old version: %d %+v", status, problem)
	}
	if status := d.json("POST", at+"/undo", nil, nil); status != 200 {
		t.Fatal(status)
	}
	must(t, f.Jobs.Drain(context.Background()))

	// An import at rest tells its state once and ends.
	answer, err := http.Get(d.server.URL + at + "/events")
	must(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	if len(said) < 1 || !strings.HasPrefix(said[0], "data: ") || !strings.Contains(said[0], `"state":"undone"`) {
		t.Fatalf("%q", said)
	}
}

func TestImportRoutes_APageCarriesOnWhereTheLastEnded(t *testing.T) {
	f := fixed(t, storetest.SQLite(t))
	d := open(t, f, authz.CivilAffairs, registrytest.County)
	i := f.bring(t, f.county, roster(t, many(120)...))
	seen, after := map[int]bool{}, ""
	for {
		var page web.Page[registry.ImportRow]
		if status := d.json("GET", fmt.Sprintf("/api/imports/%s/rows?after=%s", i.ID, after), nil, &page); status != 200 {
			t.Fatal(status)
		}
		for _, r := range page.Rows {
			seen[r.Seq] = true
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(seen) != 120 {
		t.Fatalf("%d rows", len(seen))
	}
}

func TestImportRoutes_AnUploadOfTwoGigabytesIsTurnedAway(t *testing.T) {
	const size = 2 << 30
	part := "--cut\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n"
	for name, c := range map[string]struct {
		kind, before string
		declared     bool
		most         int64 // of it may be taken in; the rest of this is what sockets hold
	}{
		"as the body, its size declared":   {"application/octet-stream", "", true, 16 << 20},
		"as the body, its size unknown":    {"application/octet-stream", "", false, 96 << 20},
		"as a form's file":                 {"multipart/form-data; boundary=cut", fmt.Sprintf(part, `file"; filename="x.xlsx`), false, 96 << 20},
		"as a form's field before no file": {"multipart/form-data; boundary=cut", fmt.Sprintf(part, "note"), false, 96 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			f := fixed(t, storetest.SQLite(t))
			d := open(t, f, authz.CivilAffairs, registrytest.County)
			sent, start := &flood{size: size}, heap()
			body, err := http.NewRequest("POST", d.server.URL+"/api/imports?name=x.xlsx", io.MultiReader(strings.NewReader(c.before), sent))
			must(t, err)
			body.Header.Set("Content-Type", c.kind)
			if c.declared {
				body.ContentLength = int64(len(c.before)) + size
			}
			answer, err := d.server.Client().Do(body)
			must(t, err)
			defer answer.Body.Close()
			var problem web.Problem
			must(t, json.NewDecoder(answer.Body).Decode(&problem))
			if answer.StatusCode != http.StatusUnprocessableEntity || problem.ID != "sheet.too_large" || !strings.Contains(problem.Title, "文件超过 64 MB") {
				t.Errorf("%d %+v", answer.StatusCode, problem)
			}
			d.server.Close() // nothing is being sent or kept any more
			if taken := sent.sent.Load(); taken > c.most {
				t.Errorf("%d MiB were taken in", taken>>20)
			}
			if grown := int64(sent.highest.Load()) - int64(start); grown > 16<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			if left, err := filepath.Glob(filepath.Join(f.folder, "*")); err != nil || len(left) > 0 {
				t.Errorf("left on the disk: %v %v", left, err)
			}
			if n := f.count(t, `select count(*) from crypto_key where wrapped is not null`); n != 0 {
				t.Errorf("%d keys are left", n)
			}
			if n := f.count(t, `select count(*) from registry_import`); n != 0 {
				t.Errorf("%d imports were made of it", n)
			}
		})
	}
}

// flood is an upload that is made as it is read, and watches the heap
// meanwhile. The client may still be reading when the answer is there.
type flood struct {
	size        int64
	sent, reads atomic.Int64
	highest     atomic.Uint64
}

func (f *flood) Read(p []byte) (int, error) {
	n := min(int64(len(p)), f.size-f.sent.Load())
	if n == 0 {
		return 0, io.EOF
	}
	f.sent.Add(n)
	if f.reads.Add(1)%256 == 0 {
		f.highest.Store(max(f.highest.Load(), heap()))
	}
	return int(n), nil
}

// heap is what is held, in bytes, without what is only waiting to be collected.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
