package reporttest

import (
	"context"
	"os"
	"path/filepath"

	"github.com/google/go-cmp/cmp"
)

// Paper prints a document of a case and compares it with the file that stands
// for it, testdata/<kind>.html, which SHOUWANG_GENERATE=1 writes anew. The Word
// file of the same document must come out too.
func (r *Reports) Paper(as context.Context, thread, kind, record string) {
	r.t.Helper()
	d, err := r.Reports.Print(as, thread, kind, record, "html")
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := d.Docx(); err != nil {
		r.t.Error(err)
	}
	name, got := filepath.Join("testdata", kind+".html"), d.HTML()
	if os.Getenv("SHOUWANG_GENERATE") != "" {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		r.t.Errorf("%s (SHOUWANG_GENERATE=1 writes it anew):\n%s", name, diff)
	}
}
