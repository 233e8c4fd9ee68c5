package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// SameDevice reports whether two files or folders lie on one disk, or cannot be
// told apart. Two partitions of one disk are one; behind a controller or a
// hypervisor nobody can see.
func SameDevice(a, b string) bool {
	one, other := device(a), device(b)
	return one == "" || other == "" || one == other
}

// device names the disk that a path lies on; empty when it cannot be told.
func device(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	number := fmt.Sprintf("%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev))
	place, err := filepath.EvalSymlinks("/sys/dev/block/" + number)
	if err != nil { // no disk of its own: a network's, a memory's, a pool's
		return number
	}
	if _, err := os.Stat(filepath.Join(place, "partition")); err == nil {
		place = filepath.Dir(place)
	}
	return place
}
