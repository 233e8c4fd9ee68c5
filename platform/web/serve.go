package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// WriteProblem answers with an error outside a typed handler.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problem(r.Context(), err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the browser has gone: nobody to tell
}

// SignIn finds the actor of a request, or none.
type SignIn func(*http.Request) (authz.Actor, bool, error)

// Chain wraps the API: security headers, refusal of cross-site writes, the
// person behind the session, and the idempotency key of a write.
func Chain(next http.Handler, who SignIn) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteProblem(w, r, &Problem{Status: http.StatusForbidden, ID: "request.cross_origin", Title: "这个请求来自别的网站，已拒绝。"})
	}))
	h := identified(next, who)
	h = crossOrigin.Handler(h)
	return recovered(headed(h))
}

func headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(self)")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				slog.Error("handler panicked", "route", r.Pattern, "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
				WriteProblem(w, r, fault.NewInternal(fmt.Errorf("panic %T", v)))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// largestKeyedBody bounds what is read into memory to digest a keyed write;
// uploads stream and carry their own content digest instead.
const largestKeyedBody = 8 << 20

// isJSON reports what the handlers will read as JSON: with parameters, and when
// no type is named at all.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return contentType == "" || err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

func identified(next http.Handler, who SignIn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		ctx := r.Context()
		actor, ok, err := who(r)
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		if ok {
			// Headers are ASCII; the browser sends the words percent-encoded.
			if purpose, err := url.QueryUnescape(r.Header.Get("X-Purpose")); err == nil && purpose != "" && len(purpose) <= 600 {
				ctx = journal.WithAuthor(ctx, journal.Author{Purpose: purpose})
			}
			ctx = authz.WithActor(ctx, actor)
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method != http.MethodGet {
			if len(key) > 80 {
				WriteProblem(w, r, fault.NewInvalid("request.key", "请求编号太长。"))
				return
			}
			digest := sm3.New()
			io.WriteString(digest, r.Method+" "+r.URL.RequestURI()+"\n")
			if isJSON(r.Header.Get("Content-Type")) {
				body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestKeyedBody))
				if err != nil {
					WriteProblem(w, r, &Problem{Status: http.StatusRequestEntityTooLarge, ID: "request.too_large", Title: "内容太大或没有传完。请重试，不会重复提交。"})
					return
				}
				digest.Write(body)
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			ctx = store.WithOnce(ctx, actor.UserID+"/"+key, digest.Sum(nil))
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Serve answers on the listener until ctx ends, then lets requests finish.
func Serve(ctx context.Context, server *http.Server, listen func() error) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := listen(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// NewServer returns a server with limits that a slow or hostile client cannot
// stretch.
func NewServer(address string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              address,
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
}
