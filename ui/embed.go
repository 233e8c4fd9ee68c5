//go:build ui

package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built front ends (index.html, assets/ and beside each
// text file its .br and .gz) and whether this binary has them.
func Files() (fs.FS, bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only an invalid path can fail, and it is a constant
	}
	return files, true
}
