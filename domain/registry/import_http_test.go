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
	"strings"
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

func TestImportRoutes_AnUploadTooLargeIsTurnedAway(t *testing.T) {
	f := fixed(t, storetest.SQLite(t))
	d := open(t, f, authz.CivilAffairs, registrytest.County)
	var problem web.Problem
	if status := d.send("POST", "/api/imports", "application/octet-stream", io.LimitReader(zeros{}, 66<<20), &problem); status != http.StatusUnprocessableEntity || problem.ID != "sheet.too_large" {
		t.Fatalf("%d %+v", status, problem)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
