package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"shouwang/platform/crypto"
)

var private, public = func() (string, string) {
	private, public, err := GenerateKey()
	if err != nil {
		panic(err)
	}
	return private, public
}()

type tb interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// open opens a spool that tells what it finds into found.
func open(t tb, dir string, found *[]*Damage, o Options) *Spool {
	t.Helper()
	o.Tell = func(d *Damage) { *found = append(*found, d) }
	s, err := Open(dir, public, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t tb, s *Spool, records ...string) {
	t.Helper()
	for _, r := range records {
		if err := s.Append(context.Background(), r, []byte("记录 "+r)); err != nil {
			t.Fatal(err)
		}
	}
}

func shut(t tb, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// all are the ids that come back, each with the text it was appended with, and
// what does not.
func all(t tb, dir string) (ids []string, found []*Damage) {
	t.Helper()
	for r, err := range Read(dir, private) {
		var d *Damage
		switch {
		case errors.As(err, &d):
			found = append(found, d)
		case err != nil:
			t.Fatal(err)
		case string(r.Data) != "记录 "+r.ID:
			t.Fatalf("%s came back as %q", r.ID, r.Data)
		default:
			ids = append(ids, r.ID)
		}
	}
	return ids, found
}

func want(t tb, dir string, ids ...string) []*Damage {
	t.Helper()
	got, found := all(t, dir)
	if !slices.Equal(got, ids) {
		t.Fatalf("%v came back, want %v; %v", got, ids, found)
	}
	return found
}

func TestRead_WhatWasAppendedComesBackInOrderAndOnce(t *testing.T) {
	dir, found := t.TempDir(), []*Damage{}
	s := open(t, dir, &found, Options{rotate: 1000})
	var ids []string
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("r-%d", i))
	}
	add(t, s, ids...)
	add(t, s, "r-3")
	if err := s.Append(context.Background(), "r-4", []byte("又一份")); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	var got []string
	for r, err := range Read(dir, private) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID+string(r.Data))
	}
	want := []string{}
	for _, id := range ids {
		want = append(want, id+"记录 "+id)
	}
	if want = append(want, "r-4又一份"); !slices.Equal(got, want) { // the same id with other bytes is not a duplicate
		t.Fatalf("%v, want %v", got, want)
	}
	names, err := files(dir)
	if err != nil || len(names) < 5 {
		t.Fatalf("files %v, %v", names, err)
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() > 1000 || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if whole, found, err := Check(dir); whole != 22 || len(found) > 0 || err != nil {
		t.Errorf("%d whole, %v, %v", whole, found, err)
	}
}

func TestAppend_TheFolderTellsNothing(t *testing.T) {
	dir, found := t.TempDir(), []*Damage{}
	s := open(t, dir, &found, Options{})
	for _, text := range []string{"", "试一村三组 13912345678", strings.Repeat("大", MaxRecord/3)} {
		if err := s.Append(context.Background(), fmt.Sprintf("n-%d", len(text)), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, s)
	for name, bad := range map[string]struct {
		id   string
		size int
	}{"an empty id": {"", 1}, "an id of words": {"张三 被打", 1}, "a long id": {strings.Repeat("a", 65), 1}, "a long record": {"a", MaxRecord + 1}} {
		if err := s.Append(context.Background(), bad.id, make([]byte, bad.size)); err == nil || errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Append(context.Background(), "late", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, nameOf(1)))
	if err != nil || bytes.Contains(data, []byte("13912345678")) || bytes.Contains(data, []byte("大大")) {
		t.Fatalf("a record lies in the open, %v", err)
	}
	n := 0
	for r, err := range Read(dir, private) {
		if n++; err != nil || r.ID != fmt.Sprintf("n-%d", len(r.Data)) {
			t.Errorf("%s: %d bytes, %v", r.ID, len(r.Data), err)
		}
	}
	if n != 3 {
		t.Errorf("%d records", n)
	}
}

func TestRead_AnotherKeyOpensNothingAndSaysEachRecord(t *testing.T) {
	dir, found := t.TempDir(), []*Damage{}
	s := open(t, dir, &found, Options{})
	add(t, s, "a", "b")
	shut(t, s)
	other, _, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	var foreign []string
	for r, err := range Read(dir, other) {
		var d *Damage
		if !errors.As(err, &d) || d.Kind != Foreign || r.ID != "" {
			t.Fatalf("%v, %v", r, err)
		}
		foreign = append(foreign, d.ID)
	}
	if !slices.Equal(foreign, []string{"a", "b"}) {
		t.Fatalf("foreign: %v", foreign)
	}
	for name, key := range map[string]string{"none": "", "the public one": public} {
		n := 0
		for _, err := range Read(dir, key) {
			if n++; err == nil || errors.As(err, new(*Damage)) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d errors", name, n)
		}
	}
}

func TestOpen_ARecordIsBoundToItsId(t *testing.T) {
	public, err := crypto.ParsePublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	text, err := seal(public, "aaaa", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	key, err := parsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := f.open(key); err != nil || string(data) != "x" {
		t.Fatalf("%q, %v", data, err)
	}
	f.id = "aaab"
	if _, err := f.open(key); err == nil {
		t.Fatal("a record opens under another id")
	}
}

func TestOpen_AMissingFolderOrKeyIsRefused(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "unmounted"), public, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(t.TempDir(), private, Options{}); err == nil {
		t.Error("a server was given the private key")
	}
}

func TestOpen_ATailTornAtAnyByteLosesNothingBeforeIt(t *testing.T) {
	dir, found := t.TempDir(), []*Damage{}
	s := open(t, dir, &found, Options{})
	add(t, s, "a", "b", "c")
	shut(t, s)
	text, err := os.ReadFile(filepath.Join(dir, nameOf(1)))
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndex(text, []byte(mark))
	for end := last; end < len(text); end++ {
		for _, tail := range [][]byte{nil, make([]byte, 300)} { // a file may have got its length and not its bytes
			if tail != nil && end > last {
				continue
			}
			dir, found := t.TempDir(), []*Damage{}
			if err := os.WriteFile(filepath.Join(dir, nameOf(1)), append(bytes.Clone(text[:end]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, &found, Options{})
			add(t, s, "d")
			shut(t, s)
			told := 1
			if end == last && tail == nil {
				told = 0
			}
			read := want(t, dir, "a", "b", "d")
			for _, list := range [][]*Damage{found, read} {
				if len(list) != told || told == 1 && (list[0].Kind != Torn || list[0].At != int64(last) || list[0].Length != int64(end-last+len(tail))) {
					t.Fatalf("cut at %d of %d: %v", end, len(text), list)
				}
			}
		}
	}
}

func TestRead_DamageAnywhereIsSaidAndEveryOtherRecordComesBack(t *testing.T) {
	dir, found := t.TempDir(), []*Damage{}
	s := open(t, dir, &found, Options{})
	ids := []string{"a", "b", "c", "d", "e"}
	add(t, s, ids...)
	shut(t, s)
	path := filepath.Join(dir, nameOf(1))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var starts []int
	for f := range scan("", text, nil) {
		starts = append(starts, f.at)
	}
	starts = append(starts, len(text))
	rapid.Check(t, func(t *rapid.T) {
		changed := bytes.Clone(text)
		from := rapid.IntRange(0, len(text)-1).Draw(t, "from")
		junk := rapid.SliceOfN(rapid.Byte(), 1, 400).Draw(t, "junk")
		copy(changed[from:], junk)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		var same []string
		for i, id := range ids {
			if bytes.Equal(text[starts[i]:starts[i+1]], changed[starts[i]:starts[i+1]]) {
				same = append(same, id)
			}
		}
		found := want(t, dir, same...)
		if (len(found) > 0) != (len(same) < len(ids)) {
			t.Fatalf("%d of %d came back and %v was said", len(same), len(ids), found)
		}
		for _, d := range found {
			if d.At < int64(starts[0]) || d.At+d.Length > int64(len(text)) || d.Length < 1 {
				t.Fatalf("%+v", d)
			}
		}
		if whole, again, err := Check(dir); whole != len(same) || len(again) != len(found) || err != nil {
			t.Fatalf("%d, %v, %v", whole, again, err)
		}
		told := []*Damage{}
		shut(t, open(t, dir, &told, Options{}))
		if len(told) != len(found) {
			t.Fatalf("opening said %v, reading %v", told, found)
		}
	})
}

func TestRead_TwoRunsInOneFolderDoNotTouchEachOther(t *testing.T) {
	dir, found := t.TempDir(), []*Damage{}
	a := open(t, dir, &found, Options{rotate: 600})
	b := open(t, dir, &found, Options{rotate: 600})
	for i := range 6 {
		add(t, a, fmt.Sprintf("a-%d", i))
		add(t, b, fmt.Sprintf("b-%d", i))
	}
	shut(t, a)
	shut(t, b)
	shut(t, open(t, dir, &found, Options{})) // leaves no empty file
	ids, damaged := all(t, dir)
	if len(ids) != 12 || len(damaged)+len(found) > 0 {
		t.Fatalf("%v, %v, %v", ids, damaged, found)
	}
	names, err := files(dir)
	if err != nil || len(names) != 6 {
		t.Fatalf("%v, %v", names, err)
	}
}

// --- a disk in memory ------------------------------------------------------------

// memory is a disk that keeps apart what was synced, and fails when told to.
type memory struct {
	files  map[string]*memoryFile
	named  map[string]bool // names that are durable
	syncs  int             // of files
	fail   func(what string) error
	before func() // a sync
	lazy   bool   // the control: a sync does nothing
}

type memoryFile struct {
	disk   *memory
	text   []byte
	synced int
}

func newMemory() *memory { return &memory{files: map[string]*memoryFile{}, named: map[string]bool{}} }

func (m *memory) broken(what string) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(what)
}

func (m *memory) create(name string) (file, error) {
	if err := m.broken("create"); err != nil {
		return nil, err
	}
	if m.files[name] != nil {
		return nil, fs.ErrExist
	}
	m.files[name] = &memoryFile{disk: m}
	return m.files[name], nil
}

func (m *memory) sync() error {
	if err := m.broken("folder"); err != nil {
		return err
	}
	for name := range m.files {
		m.named[name] = m.named[name] || !m.lazy
	}
	return nil
}

func (m *memory) remove(name string) error { delete(m.files, name); return nil }

func (f *memoryFile) Write(b []byte) (int, error) {
	if err := f.disk.broken("write"); err != nil {
		f.text = append(f.text, b[:len(b)/2]...)
		return len(b) / 2, err
	}
	f.text = append(f.text, b...)
	return len(b), nil
}

func (f *memoryFile) Sync() error {
	f.disk.syncs++
	if f.disk.before != nil {
		f.disk.before()
	}
	if err := f.disk.broken("sync"); err != nil {
		return err
	}
	if !f.disk.lazy {
		f.synced = len(f.text)
	}
	return nil
}

func (f *memoryFile) Close() error { return nil }

// cut writes into a folder what is left after the current went: what was synced,
// and of the rest as much as chance has it.
func (m *memory) cut(t tb, dir string, more func(name string, unsynced int) int) {
	t.Helper()
	for name, f := range m.files {
		if !m.named[name] {
			continue
		}
		end := f.synced + more(name, len(f.text)-f.synced)
		if err := os.WriteFile(filepath.Join(dir, name), f.text[:end], 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// --- what a disk does -------------------------------------------------------------

func TestAppend_ThoseWhoWaitShareOneSync(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m, gate := newMemory(), make(chan struct{})
		m.before = func() { <-gate }
		s := open(t, dir, &[]*Damage{}, Options{disk: m})
		answers := make(chan error, 64)
		for i := range cap(answers) {
			go func() { answers <- s.Append(t.Context(), fmt.Sprintf("r-%d", i), nil) }()
			if i == 0 {
				synctest.Wait() // it is being synced; the others will wait
			}
		}
		synctest.Wait()
		if len(answers) != 0 {
			t.Fatal("a record was acknowledged before its sync")
		}
		close(gate)
		for range cap(answers) {
			if err := <-answers; err != nil {
				t.Fatal(err)
			}
		}
		if m.syncs != 2 {
			t.Errorf("%d appends took %d syncs", cap(answers), m.syncs)
		}
		shut(t, s)
	})
}

func TestAppend_ADiskThatHangsHoldsNobodyLongerThanTheyWait(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m, gate := newMemory(), make(chan struct{})
		m.before = func() { <-gate }
		s := open(t, dir, &[]*Damage{}, Options{disk: m})
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan error, 2)
		for i := range cap(answers) { // one being synced, one in the queue
			go func() { answers <- s.Append(ctx, fmt.Sprintf("r-%d", i), nil) }()
			synctest.Wait()
		}
		cancel()
		for range cap(answers) {
			if err := <-answers; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		close(gate)
		shut(t, s)
	})
}

func TestAppend_AfterAnyFailureNothingIsAcknowledgedUntilOpenedAnew(t *testing.T) {
	broken := errors.New("no space left, or worse")
	for _, what := range []string{"write", "sync", "create", "folder"} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			m := newMemory()
			s := open(t, dir, &[]*Damage{}, Options{disk: m, rotate: 600})
			add(t, s, "a", "b")
			m.fail = func(now string) error {
				if now == what {
					return broken
				}
				return nil
			}
			var err error
			for i := 0; err == nil && i < 5; i++ { // a file has room for two
				id := fmt.Sprintf("more-%d", i)
				err = s.Append(context.Background(), id, []byte("记录 "+id))
			}
			if !errors.Is(err, ErrFailed) || !errors.Is(err, broken) {
				t.Fatalf("the failure was answered with %v", err)
			}
			m.fail = nil // as a sync that is tried again would have it
			syncs := m.syncs
			if err := s.Append(context.Background(), "c", nil); !errors.Is(err, ErrFailed) || m.syncs != syncs {
				t.Fatalf("it went on as if nothing had been: %v, %d further syncs", err, m.syncs-syncs)
			}
			if err := s.Close(); !errors.Is(err, ErrFailed) {
				t.Errorf("closing: %v", err)
			}
			m.cut(t, dir, func(string, int) int { return 0 })
			s = open(t, dir, &[]*Damage{}, Options{})
			add(t, s, "d")
			shut(t, s)
			if ids, _ := all(t, dir); ids[0] != "a" || ids[1] != "b" || ids[len(ids)-1] != "d" {
				t.Fatalf("after opening anew: %v", ids)
			}
		})
	}
	m := newMemory()
	m.fail = func(string) error { return broken }
	if _, err := Open(t.TempDir(), public, Options{disk: m}); !errors.Is(err, broken) {
		t.Errorf("a folder that cannot be written to opens: %v", err)
	}
}

func TestAppend_AFailureIsToldToEveryoneItConcerns(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m, gate := newMemory(), make(chan struct{})
		m.before = func() { <-gate }
		m.fail = func(what string) error {
			if what == "sync" && m.syncs == 2 {
				return errors.New("EIO")
			}
			return nil
		}
		s := open(t, dir, &[]*Damage{}, Options{disk: m})
		answers := make(chan error, 10)
		for i := range cap(answers) {
			go func() { answers <- s.Append(t.Context(), fmt.Sprintf("r-%d", i), nil) }()
			if i == 0 {
				synctest.Wait() // it is being synced; the others will wait
			}
		}
		synctest.Wait()
		close(gate)
		failed := 0
		for range cap(answers) {
			if err := <-answers; errors.Is(err, ErrFailed) {
				failed++
			}
		}
		if failed != cap(answers)-1 { // the first had a sync of its own
			t.Errorf("%d were refused", failed)
		}
		s.Close()
	})
}

// powerCut appends until the current goes at a chosen sync, and reports what
// was acknowledged and what is left.
func powerCut(t *rapid.T, dir string, lazy bool) (acknowledged, left []string) {
	m := newMemory()
	m.lazy = lazy
	s := open(t, dir, &[]*Damage{}, Options{disk: m, rotate: 1200})
	for i := range rapid.IntRange(1, 12).Draw(t, "records") {
		id := fmt.Sprintf("r-%d", i)
		add(t, s, id)
		acknowledged = append(acknowledged, id)
	}
	if rapid.Bool().Draw(t, "one on its way") {
		m.fail = func(what string) error {
			if what == "sync" {
				return errors.New("the current went")
			}
			return nil
		}
		if err := s.Append(context.Background(), "unacknowledged", []byte("记录 unacknowledged")); err == nil {
			t.Fatal("acknowledged without a sync")
		}
	}
	s.Close()
	for _, old := range must(files(dir)) {
		if err := os.Remove(filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
	}
	m.cut(t, dir, func(name string, unsynced int) int { return rapid.IntRange(0, unsynced).Draw(t, "more of "+name) })
	left, _ = all(t, dir)
	return acknowledged, left
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func lost(acknowledged, left []string) (out []string) {
	there := map[string]bool{}
	for _, id := range left {
		there[id] = true
	}
	for _, id := range acknowledged {
		if !there[id] {
			out = append(out, id)
		}
	}
	return out
}

func TestAppend_APowerCutLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		if acknowledged, left := powerCut(t, dir, false); len(lost(acknowledged, left)) > 0 {
			t.Fatalf("acknowledged %v, left %v", acknowledged, left)
		}
	})
	losses := 0
	rapid.Check(t, func(t *rapid.T) {
		acknowledged, left := powerCut(t, dir, true)
		losses += len(lost(acknowledged, left))
	})
	if losses == 0 {
		t.Fatal("the control, whose syncs do nothing, lost nothing: the test cannot see a loss")
	}
}
