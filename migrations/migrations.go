// Package migrations is the history of the schema, read top to bottom: one
// text for both engines, with a few column types filled in per engine.
// A released file is never edited; a change is a new file.
package migrations

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"shouwang/platform/store"
)

//go:embed *.sql
var files embed.FS

// types are the only words of the schema that differ: bytes, a moment in
// milliseconds, and a code that must sort byte by byte (so that a region's
// children are one range of the index on every server locale).
var types = map[bool]map[string]string{
	false: {"bytes": "blob", "time": "integer", "code": "text", "flag": "integer", "key": "integer primary key autoincrement"},
	true:  {"bytes": "bytea", "time": "bigint", "code": `text collate "C"`, "flag": "smallint", "key": "bigint generated always as identity primary key"},
}

// Up brings the schema to the newest version. It may be run by several
// processes at once only on PostgreSQL, where the library takes a lock.
func Up(ctx context.Context, db *store.DB) error {
	provider, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

// Pending reports whether the schema is older than this program.
func Pending(ctx context.Context, db *store.DB) (bool, error) {
	provider, err := provider(db)
	if err != nil {
		return false, err
	}
	return provider.HasPending(ctx)
}

func provider(db *store.DB) (*goose.Provider, error) {
	dialect := goose.DialectSQLite3
	if db.Postgres() {
		dialect = goose.DialectPostgres
	}
	filled, err := fill(types[db.Postgres()])
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db.Pool(), filled)
}

// Files are the texts as written, for the tests.
func Files() fs.FS { return files }

func fill(types map[string]string) (fs.FS, error) {
	var pairs []string
	for name, text := range types {
		pairs = append(pairs, "{{"+name+"}}", text)
	}
	replace := strings.NewReplacer(pairs...)
	out := fstest.MapFS{}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		out[name] = &fstest.MapFile{Data: []byte(replace.Replace(string(text)))}
	}
	return out, nil
}
