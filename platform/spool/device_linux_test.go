package spool

import (
	"path/filepath"
	"testing"
)

func TestSameDevice_TwoFoldersOfOneDiskAndWhatCannotBeToldAreOne(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		a, b string
		same bool
	}{{dir, filepath.Dir(dir), true}, {dir, "/proc", false}, {"/proc", "/proc/self", true}, {dir, filepath.Join(dir, "unmounted"), true}} {
		if SameDevice(c.a, c.b) != c.same {
			t.Errorf("%s and %s: %q and %q", c.a, c.b, device(c.a), device(c.b))
		}
	}
}
