// Package ui holds the front ends: the console for desks (console/), what it
// will share with the phones' field app (core/, no framework in it), and a
// gallery of the console's parts (gallery/, never shipped). This Go package is
// only the door through which the built pages reach the binary: `npm run
// build` writes dist/, and the build tag `ui` embeds it. Without the tag the
// server builds and tests without Node, and says that it has no pages.
package ui
