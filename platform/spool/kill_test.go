package spool

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A copy of this test's own program appends under these variables until it is
// killed.
const (
	childFolder = "SPOOL_TEST_FOLDER"
	childEarly  = "SPOOL_TEST_ACKNOWLEDGE_FIRST" // the control
	childLazy   = "SPOOL_TEST_SYNC_NOTHING"      // the control of a power cut
	childRun    = "SPOOL_TEST_RUN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		appendUntilKilled(dir, os.Getenv(childRun), os.Getenv(childEarly) != "")
	}
	os.Exit(m.Run())
}

// appendUntilKilled prints a line for each record it acknowledges.
func appendUntilKilled(dir, run string, early bool) {
	key := must(os.ReadFile(dir + "/public"))
	o := Options{rotate: 100_000, Tell: func(*Damage) {}}
	if os.Getenv(childLazy) != "" {
		o.disk = lazy{folder(dir)}
	}
	s := must(Open(dir, string(key), o))
	for worker := range 16 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", run, worker, i)
				if early {
					fmt.Println(id)
				}
				if err := s.Append(context.Background(), id, []byte("记录 "+id)); err != nil {
					panic(err)
				}
				if !early {
					fmt.Println(id)
				}
			}
		}()
	}
	select {}
}

// lazy is a folder that syncs nothing.
type lazy struct{ folder }

type lazyFile struct{ file }

func (lazy) sync() error     { return nil }
func (lazyFile) Sync() error { return nil }

func (l lazy) create(name string) (file, error) {
	f, err := l.folder.create(name)
	return lazyFile{f}, err
}

// killed runs the child once, ends it after some acknowledgements, and returns
// those that were given before, and those that were still under way.
func killed(t *testing.T, dir string, run int, control string, end func(child *os.Process) error) (before, after []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+dir, fmt.Sprintf("%s=%d", childRun, run))
	if control != "" {
		child.Env = append(child.Env, control+"=1")
	}
	var stderr bytes.Buffer
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	n := 1 + rand.IntN(400)
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // what the pipe still held has been read
			break
		}
		line = strings.TrimSuffix(line, "\n")
		if len(before) == n {
			after = append(after, line)
		} else if before = append(before, line); len(before) == n {
			if err := end(child.Process); err != nil {
				t.Error(err)
				child.Process.Kill()
			}
		}
	}
	if child.Wait(); len(before) < n {
		t.Fatalf("the child ended by itself: %s", stderr.String())
	}
	return before, after
}

// killedOften returns how many records were acknowledged and which of them were
// lost, over many runs in one folder.
func killedOften(t *testing.T, runs int, control string) (acknowledged int, missing []string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/public", []byte(public), 0o600); err != nil {
		t.Fatal(err)
	}
	var every []string
	for run := range runs {
		before, after := killed(t, dir, run, control, (*os.Process).Kill)
		every = append(append(every, before...), after...)
	}
	left, _ := all(t, dir)
	return len(every), lost(every, left)
}

// A kill cannot show a missing sync, since the system keeps what was written;
// that is what the power cuts are for.
func TestAppend_AKilledProgramLosesNothingAcknowledged(t *testing.T) {
	const runs = 40
	acknowledged, missing := killedOften(t, runs, "")
	if len(missing) > 0 {
		t.Errorf("%d of %d acknowledged records were lost: %v", len(missing), acknowledged, missing)
	}
	t.Logf("%d kills, %d acknowledged, %d lost", runs, acknowledged, len(missing))
	acknowledged, missing = killedOften(t, runs, childEarly)
	if len(missing) == 0 {
		t.Error("the control, which acknowledges before it writes, lost nothing: the test cannot see a loss")
	}
	t.Logf("control: %d kills, %d acknowledged, %d lost", runs, acknowledged, len(missing))
}
