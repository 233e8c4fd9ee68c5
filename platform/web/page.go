package web

// Page is one page of a list. Next, when not empty, is given back as "after"
// to go on from where this page ended; nothing counts the whole list.
type Page[T any] struct {
	Rows []T    `json:"rows"`
	Next string `json:"next"`
}

// Cut makes a page of at most n rows from n+1 that were read; place names the
// row after which the next page begins.
func Cut[T any](rows []T, n int, place func(T) string) Page[T] {
	if len(rows) <= n {
		return Page[T]{Rows: rows}
	}
	return Page[T]{Rows: rows[:n], Next: place(rows[n-1])}
}
