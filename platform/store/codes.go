package store

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsUnique reports that a row with the same key is already there.
func IsUnique(err error) bool {
	switch state, code := codes(err); {
	case state == "23505":
		return true
	default:
		return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
}

// IsMissingParent reports a reference to a row that is not there, or the
// removal of one that others refer to.
func IsMissingParent(err error) bool {
	state, code := codes(err)
	return state == "23503" || code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// IsUnreadable reports text that the engine cannot keep: a NUL, or bytes that
// are no characters.
func IsUnreadable(err error) bool {
	state, _ := codes(err)
	return state == "22021" || state == "22P05"
}

// isRetryable reports a transaction that lost a race and may run again.
func isRetryable(err error) bool {
	state, _ := codes(err)
	return state == "40001" || state == "40P01" || errors.Is(err, ErrAgain)
}

func codes(err error) (state string, code int) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code, 0
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return "", e.Code()
	}
	return "", 0
}
