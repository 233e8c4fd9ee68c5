package spool

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A real file system on a disk of its own loses, in one moment, all that was not
// synced. It needs root, mkfs.ext4 and a loop device, so it runs only as a
// drill: SHOUWANG_DRILL says how many cuts.
func TestDrill_APowerCutOfARealDiskLosesNothingAcknowledged(t *testing.T) {
	cuts, err := strconv.Atoi(os.Getenv("SHOUWANG_DRILL"))
	if err != nil || cuts < 1 {
		t.Skip("NOT RUN: it mounts a disk. SHOUWANG_DRILL=20 runs it with 20 cuts, as root")
	}
	acknowledged, missing := cutOften(t, cuts, "")
	if len(missing) > 0 {
		t.Errorf("%d of %d acknowledged records were lost: %v", len(missing), acknowledged, missing)
	}
	t.Logf("%d cuts, %d acknowledged, %d lost", cuts, acknowledged, len(missing))
	acknowledged, missing = cutOften(t, cuts, childLazy)
	if len(missing) == 0 {
		t.Error("the control, which syncs nothing, lost nothing: the drill cannot see a loss")
	}
	t.Logf("control: %d cuts, %d acknowledged, %d lost", cuts, acknowledged, len(missing))
}

func cutOften(t *testing.T, cuts int, control string) (acknowledged int, missing []string) {
	t.Helper()
	image, disk := filepath.Join(t.TempDir(), "image"), t.TempDir()
	run := func(command string, args ...string) {
		t.Helper()
		if out, err := exec.Command(command, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	run("truncate", "-s", "400M", image)
	run("mkfs.ext4", "-q", "-F", image)
	run("mount", "-o", "loop", image, disk)
	t.Cleanup(func() { run("umount", disk) })
	dir := filepath.Join(disk, "spool")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "public"), []byte(public), 0o600); err != nil {
		t.Fatal(err)
	}
	unix.Sync()
	var every []string
	for i := range cuts {
		before, _ := killed(t, dir, i, control, func(child *os.Process) error { return errors.Join(cut(disk), child.Kill()) })
		every = append(every, before...)
		run("umount", disk)
		run("mount", "-o", "loop", image, disk)
	}
	left, _ := all(t, dir)
	return len(every), lost(every, left)
}

// cut throws away what a file system has not written, its journal included.
func cut(disk string) error {
	const shutdown, withoutFlush = 0x8004587d, 2 // FS_IOC_SHUTDOWN, NOLOGFLUSH
	f, err := os.Open(disk)
	if err != nil {
		return err
	}
	return errors.Join(unix.IoctlSetPointerInt(int(f.Fd()), shutdown, withoutFlush), f.Close())
}
