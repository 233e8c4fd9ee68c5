package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Scope narrows rows to what an actor may see. Predicate returns SQL over the
// alias (columns region, subject where the row tells whom it is about, thread
// where it tells of which case it is), with ? for its values.
type Scope interface {
	Predicate(alias, subject, thread string) (string, []any)
}

type scopeKey struct{}

// WithScope puts the scope that {scope …} expands to in the context. Only
// platform/authz calls it.
func WithScope(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// ErrNoScope means a text asked for {scope} where no actor was established:
// the query is not run.
var ErrNoScope = errors.New("store: this text needs a scope and the context carries none")

// expand replaces {scope c} (subject column child_id, case column thread_id),
// {scope c id} or {scope t child_id id}, renders
// times as milliseconds, and ? as $n on PostgreSQL.
func (db *DB) expand(ctx context.Context, text string, args []any) (string, []any, error) {
	count(ctx)
	for i, a := range args {
		args[i] = bind(a)
	}
	braces := strings.IndexByte(text, '{') >= 0
	if !db.postgres && !braces {
		trace(ctx, text, args)
		return text, args, nil
	}
	var b strings.Builder
	b.Grow(len(text) + 64)
	out := make([]any, 0, len(args)+4)
	n, used := 0, 0
	mark := func() {
		n++
		if db.postgres {
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		} else {
			b.WriteByte('?')
		}
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\'': // a literal is copied as it stands
			j := strings.IndexByte(text[i+1:], '\'')
			if j < 0 {
				return "", nil, fmt.Errorf("store: literal without end in %q", text)
			}
			b.WriteString(text[i : i+j+2])
			i += j + 1
		case text[i] == '?':
			if used >= len(args) {
				return "", nil, fmt.Errorf("store: %d values for more marks in %q", len(args), text)
			}
			out = append(out, args[used])
			used++
			mark()
		case strings.HasPrefix(text[i:], "{scope "):
			j := strings.IndexByte(text[i:], '}')
			words := strings.Fields(text[i+1 : i+j])
			subject, thread := "child_id", "thread_id"
			if len(words) > 2 {
				subject = words[2]
			}
			if len(words) > 3 {
				thread = words[3]
			}
			s, ok := ctx.Value(scopeKey{}).(Scope)
			if !ok {
				return "", nil, ErrNoScope
			}
			predicate, values := s.Predicate(words[1], subject, thread)
			for k := range len(predicate) {
				if predicate[k] == '?' {
					mark()
				} else {
					b.WriteByte(predicate[k])
				}
			}
			for _, v := range values {
				out = append(out, bind(v))
			}
			i += j
		default:
			b.WriteByte(text[i])
		}
	}
	if used != len(args) {
		return "", nil, fmt.Errorf("store: %d values left over in %q", len(args)-used, text)
	}
	trace(ctx, b.String(), out)
	return b.String(), out, nil
}

// bind turns a Go value into what both engines keep: a moment is milliseconds
// since 1970 or null, a bool is 0 or 1.
func bind(a any) any {
	switch v := a.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UnixMilli()
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	}
	return a
}

// OrNull gives null for an empty text, for columns that refer to another row.
func OrNull[S ~string](s S) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// Marks gives "?, ?, ?" for an IN list.
func Marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// Anys turns a list into values.
func Anys[T any](vs []T) []any {
	out := make([]any, len(vs))
	for i, v := range vs {
		out[i] = v
	}
	return out
}
