package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf16"

	"shouwang/app"
	"shouwang/domain/registry"
	"shouwang/domain/report"
	"shouwang/domain/visit"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/store"
)

// canaryFile is an invented child each of whose particulars is a word that
// occurs nowhere else.
func canaryFile(f foreign) registry.NewFile {
	return registry.NewFile{Invented: true,
		Child:     registry.Particulars{Name: f.canaries[0], Sex: 2, BirthOn: "2016-03-04", Identity: canaryIdentity, Region: f.region, Address: f.canaries[2], Telephone: canaryPhone},
		Relatives: []registry.Relative{{Kinship: registry.PaternalGrandmother, Name: f.canaries[1], Carer: true, Telephone: "13900007777"}},
		Facts: []registry.NewFact{
			{About: registry.AboutFather, Kind: registry.Absence, Value: "away"},
			{About: registry.AboutMother, Kind: registry.Absence, Value: "away"},
			{About: registry.AboutChild, Kind: registry.Health, Value: "ill", Detail: canaryIllness},
		}}
}

const (
	canaryIdentity = "500235201603047765"
	canaryIllness  = "金丝雀病"
	canaryNote     = "金丝雀走访所见"
	canaryPhone    = "13800007777"
	canaryAccount  = "金丝雀案情所述"
	canaryReporter = "金丝雀报告人"
	canaryAnswer   = "金丝雀处理结果"
)

func canaryReport(f foreign) report.NewReport {
	return report.NewReport{ID: "01890000-0000-7000-8000-0000000000cc", Region: f.region, Situations: []string{"violence"},
		Content: report.Content{ChildName: f.canaries[0], Account: canaryAccount}, Reporter: report.Reporter{Name: canaryReporter, Telephone: "13800007778"}}
}

func canaryVisit(f foreign) visit.NewVisit {
	return visit.NewVisit{ChildID: f.child, VisitedOn: "2026-11-01", Outcome: visit.Met, Content: visit.Content{Way: "home", ChildSeen: true, Note: canaryNote}}
}

// RELIABILITY C1: nothing that is to be sealed lies in clear in any file of the
// installation, in any of the forms one would look for, while the server runs
// and after it stopped. The control: a name, which is in clear on purpose, is
// found.
func TestCanaries_NoSealedValueLiesInClearInAnyFile(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	hands := clock.NewManual(time.Now())
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(dir, "x.db"), Create: true, Clock: hands})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Demonstrate(ctx, 30, hands, time.Now(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	f := seedForeign(ctx, t, a)
	sys := authz.AsSystem(ctx, "test")
	changed := "13700006666"
	version, err := store.One[int](ctx, a.DB, `select version from registry_child where id = ?`, f.child)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Registry.Update(sys, f.child, version, registry.Change{Telephone: &changed}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Registry.Reveal(sys, f.child, "", "identity", "核对户口簿"); err != nil {
		t.Fatal(err)
	}
	secrets := []string{canaryIdentity, canaryPhone, changed, "13900007777", f.canaries[2], canaryNote, canaryIllness, canaryAccount, canaryReporter, canaryAnswer, "13800007778"}
	look := func(when string) {
		if n := occurrences(t, dir, f.canaries[0]); n == 0 {
			t.Fatalf("%s: the control was not found; the search proves nothing", when)
		}
		for _, secret := range secrets {
			if n := occurrences(t, dir, secret); n > 0 {
				t.Errorf("%s: %q lies in clear %d times", when, secret, n)
			}
		}
	}
	look("while the server runs")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	look("after it stopped")
}

// occurrences counts a text in all files of a folder in the encodings a thief
// would try.
func occurrences(t *testing.T, dir, text string) (n int) {
	t.Helper()
	var wide bytes.Buffer
	for _, u := range utf16.Encode([]rune(text)) {
		wide.WriteByte(byte(u))
		wide.WriteByte(byte(u >> 8))
	}
	forms := [][]byte{[]byte(text), wide.Bytes(), []byte(hex.EncodeToString([]byte(text))), []byte(base64.StdEncoding.EncodeToString([]byte(text)))}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, form := range forms {
			n += bytes.Count(content, form)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
