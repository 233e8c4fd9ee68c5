//go:build !ui

package ui

import (
	"embed"
	"io/fs"
)

// Files returns an empty file system and false: this binary was built without
// its front ends.
func Files() (fs.FS, bool) { return embed.FS{}, false }
