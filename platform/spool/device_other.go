//go:build !linux

package spool

import "path/filepath"

// SameDevice reports whether two files or folders lie on one disk, or cannot be
// told apart: here only different volumes can.
func SameDevice(a, b string) bool {
	one, errOne := filepath.Abs(a)
	other, errOther := filepath.Abs(b)
	return errOne != nil || errOther != nil || filepath.VolumeName(one) == filepath.VolumeName(other)
}
