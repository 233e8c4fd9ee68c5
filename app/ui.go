package app

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"shouwang/ui"
)

// mountUI serves the browser's files. Assets carry their content's digest in
// their name and never change; the page itself is asked for anew each time. An
// asset that is not there is 404, never the page.
func mountUI(mux *http.ServeMux) {
	files, ok := ui.Files()
	if !ok {
		mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "这个程序没有带上网页界面（构建时未加 ui 标记）。接口在 /api/ 下可用。\n")
		})
		return
	}
	mux.HandleFunc("GET /assets/", func(w http.ResponseWriter, r *http.Request) {
		serveFile(w, r, files, strings.TrimPrefix(path.Clean(r.URL.Path), "/"), "public, max-age=31536000, immutable")
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			http.NotFound(w, r)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if _, file := contentTypes[path.Ext(name)]; file { // a page's own address may hold dots: 条款三.二.6
			serveFile(w, r, files, name, "no-cache")
			return
		}
		serveFile(w, r, files, "index.html", "no-cache")
	})
}

var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json", ".woff2": "font/woff2",
	".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}

// serveFile prefers the compressed twin made at build.
func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name, cache string) {
	kind, known := contentTypes[path.Ext(name)]
	if !known {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	for _, twin := range []struct{ suffix, encoding string }{{".br", "br"}, {".gz", "gzip"}} {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), twin.encoding) {
			continue
		}
		if body, err := fs.ReadFile(files, name+twin.suffix); err == nil {
			h.Set("Content-Encoding", twin.encoding)
			write(w, body, kind, cache)
			return
		}
	}
	body, err := fs.ReadFile(files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	write(w, body, kind, cache)
}

func write(w http.ResponseWriter, body []byte, kind, cache string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", cache)
	h.Add("Vary", "Accept-Encoding")
	_, _ = w.Write(body) // the browser has gone: nobody to tell
}
