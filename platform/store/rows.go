package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A plan says which field of a struct each column goes to.
type plan struct {
	columns []string
	index   map[string][]int
}

var plans sync.Map // reflect.Type -> *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{index: map[string][]int{}}
	for _, f := range reflect.VisibleFields(t) {
		if c := f.Tag.Get("db"); c != "" && c != "-" {
			p.columns = append(p.columns, c)
			p.index[c] = f.Index
		}
	}
	plans.Store(t, p)
	return p
}

// Columns lists T's columns under an alias, for "select " + Columns[T]("c").
func Columns[T any](alias string) string {
	p := planOf(reflect.TypeFor[T]())
	if alias == "" {
		return strings.Join(p.columns, ", ")
	}
	return alias + "." + strings.Join(p.columns, ", "+alias+".")
}

var timeType = reflect.TypeFor[time.Time]()

// destination scans one column into a field; null leaves the zero value, so
// that "not known" is one thing in Go whatever the column allows.
type destination struct{ field reflect.Value }

func (d *destination) Scan(src any) error {
	f := d.field
	if src == nil {
		f.SetZero()
		return nil
	}
	if f.Type() == timeType {
		ms, ok := src.(int64)
		if !ok {
			return fmt.Errorf("a moment is kept as milliseconds, not %T", src)
		}
		f.Set(reflect.ValueOf(time.UnixMilli(ms).UTC()))
		return nil
	}
	switch f.Kind() {
	case reflect.String:
		switch v := src.(type) {
		case string:
			f.SetString(v)
			return nil
		case []byte:
			f.SetString(string(v))
			return nil
		}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int16, reflect.Int8, reflect.Uint8:
		var v int64
		switch s := src.(type) {
		case int64:
			v = s
		case float64: // sum() over integers on PostgreSQL comes as numeric text, below
			v = int64(s)
		case []byte:
			if _, err := fmt.Sscan(string(s), &v); err != nil {
				return err
			}
		case string:
			if _, err := fmt.Sscan(s, &v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("cannot read %T as a whole number", src)
		}
		if f.CanInt() {
			f.SetInt(v)
		} else {
			f.SetUint(uint64(v))
		}
		return nil
	case reflect.Bool:
		switch v := src.(type) {
		case int64:
			f.SetBool(v != 0)
			return nil
		case bool:
			f.SetBool(v)
			return nil
		}
	case reflect.Float64:
		if v, ok := src.(float64); ok {
			f.SetFloat(v)
			return nil
		}
	case reflect.Slice:
		if f.Type().Elem().Kind() == reflect.Uint8 {
			switch v := src.(type) {
			case []byte:
				f.SetBytes(append([]byte(nil), v...))
				return nil
			case string:
				f.SetBytes([]byte(v))
				return nil
			}
		}
	case reflect.Pointer:
		v := reflect.New(f.Type().Elem())
		if err := (&destination{v.Elem()}).Scan(src); err != nil {
			return err
		}
		f.Set(v)
		return nil
	}
	return fmt.Errorf("cannot read %T into %s", src, f.Type())
}

func scannerFor[T any](columns []string) (func(*sql.Rows) (T, error), error) {
	t := reflect.TypeFor[T]()
	single := t.Kind() != reflect.Struct || t == timeType
	var index [][]int
	if single {
		if len(columns) != 1 {
			return nil, fmt.Errorf("store: %d columns for one %s", len(columns), t)
		}
	} else {
		p := planOf(t)
		index = make([][]int, len(columns))
		for i, c := range columns {
			ix, ok := p.index[c]
			if !ok {
				return nil, fmt.Errorf("store: %s has no field for column %s", t, c)
			}
			index[i] = ix
		}
	}
	into := make([]any, len(columns))
	dst := make([]destination, len(columns))
	for i := range dst {
		into[i] = &dst[i]
	}
	return func(rows *sql.Rows) (v T, err error) {
		rv := reflect.ValueOf(&v).Elem()
		if single {
			dst[0].field = rv
		} else {
			for i, ix := range index {
				dst[i].field = rv.FieldByIndex(ix)
			}
		}
		err = rows.Scan(into...)
		return v, err
	}, nil
}

// Insert writes rows: COPY for many on PostgreSQL, several rows a statement
// otherwise. Columns are T's db tags; an empty string under a tag
// `null:"true"` is written as null.
func Insert[T any](ctx context.Context, tx *Tx, table string, rows ...T) error {
	t := reflect.TypeFor[T]()
	p := planOf(t)
	nullable := make([]bool, len(p.columns))
	for i, c := range p.columns {
		f := t.FieldByIndex(p.index[c])
		nullable[i] = f.Tag.Get("null") == "true"
	}
	values := func(row *T, out []any) []any {
		rv := reflect.ValueOf(row).Elem()
		for i, c := range p.columns {
			v := rv.FieldByIndex(p.index[c])
			if nullable[i] && v.IsZero() {
				out = append(out, nil)
				continue
			}
			if v.Kind() == reflect.String { // named string types are plain text to the drivers
				out = append(out, v.String())
				continue
			}
			out = append(out, bind(v.Interface()))
		}
		return out
	}
	if tx.db.postgres && len(rows) > 100 {
		count(ctx)
		return tx.conn.Raw(func(driver any) error {
			_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, p.columns,
				pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return values(&rows[i], nil), nil }))
			return err
		})
	}
	one := "(" + Marks(len(p.columns)) + ")"
	head := "insert into " + table + " (" + strings.Join(p.columns, ", ") + ") values "
	const batch = 50
	for len(rows) > 0 {
		n := min(batch, len(rows))
		args := make([]any, 0, n*len(p.columns))
		for i := range n {
			args = values(&rows[i], args)
		}
		if _, err := Exec(ctx, tx, head+one+strings.Repeat(", "+one, n-1), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
