package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shouwang/platform/spool"
)

func TestSpoolRead_PrintsEveryRecordAndFailsWhenOneIsMissing(t *testing.T) {
	dir := t.TempDir()
	k := spoolKeygen{Private: filepath.Join(dir, "private"), Public: filepath.Join(dir, "public")}
	if err := k.Run(); err != nil {
		t.Fatal(err)
	}
	if err := k.Run(); err == nil {
		t.Fatal("keys were written over")
	}
	public, err := os.ReadFile(k.Public)
	if err != nil {
		t.Fatal(err)
	}
	s, err := spool.Open(dir, string(public), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range []string{`{"situation":"独居"}`, "不是 JSON", ""} {
		if err := s.Append(context.Background(), "r", []byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var out, told bytes.Buffer
	read := spoolRead{Key: k.Private, Dir: dir}
	if err := read.print(&out, &told); err != nil || told.Len() > 0 {
		t.Fatalf("%v, %s", err, told.String())
	}
	want := `{"id":"r","record":{"situation":"独居"}}` + "\n" + `{"id":"r","bytes":"5LiN5pivIEpTT04="}` + "\n" + `{"id":"r"}` + "\n"
	if out.String() != want {
		t.Fatalf("%s", out.String())
	}
	if err := (spoolCheck{dir}).Run(); err != nil {
		t.Fatal(err)
	}

	names, err := filepath.Glob(filepath.Join(dir, "*.spool"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) {
		if err := os.WriteFile(names[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text[:len(text)-1]) // torn, which no receipt was given for
	out.Reset()
	if err := read.print(&out, &told); err != nil || strings.Count(out.String(), "\n") != 2 || !strings.Contains(told.String(), "没有回执") {
		t.Fatalf("%v, %s, %s", err, out.String(), told.String())
	}
	text[100] ^= 1
	write(text)
	out.Reset()
	if err := read.print(&out, &told); err == nil || strings.Count(out.String(), "\n") != 2 || !strings.Contains(told.String(), "已损坏") {
		t.Fatalf("%v, %s, %s", err, out.String(), told.String())
	}
	if err := (spoolCheck{dir}).Run(); err == nil {
		t.Fatal("a damaged spool passed")
	}
}
