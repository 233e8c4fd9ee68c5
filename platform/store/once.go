package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// ErrKeyReused means an idempotency key came again with another request.
var ErrKeyReused = errors.New("store: idempotency key was used for another request")

type onceKey struct{}

type once struct {
	key     string
	request []byte
	n       atomic.Int32
}

// WithOnce makes the transactions under ctx happen once: delivered again with
// the same key (the sender's, made unique per account by the caller) and the
// same request digest, In returns what it returned the first time and runs
// nothing. What In returns is kept as JSON in clear, so writing methods return
// ids and versions, never a person's particulars.
func WithOnce(ctx context.Context, key string, request []byte) context.Context {
	return context.WithValue(ctx, onceKey{}, &once{key: key, request: request})
}

// Again gives a context outside the idempotency key, for side work (a read's
// journal line) that belongs to each delivery.
func Again(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, (*once)(nil))
}

// replay looks for the result of an earlier delivery. It returns a function
// that keeps this one's result in the same transaction.
func replay[T any](ctx context.Context, tx *Tx) (v T, found bool, keep func(T) error, err error) {
	o, _ := ctx.Value(onceKey{}).(*once)
	if o == nil {
		return v, false, func(T) error { return nil }, nil
	}
	key := o.key + "#" + strconv.Itoa(int(o.n.Add(1)))
	n, err := Exec(ctx, tx, `
		insert into store_once (key, request, result, at) values (?, ?, '', ?)
		    on conflict (key) do nothing`, key, o.request, time.Now())
	if err != nil {
		return v, false, nil, fmt.Errorf("claiming the idempotency key: %w", err)
	}
	if n == 1 {
		return v, false, func(v T) error {
			result, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("keeping the result: %w", err)
			}
			_, err = Exec(ctx, tx, `update store_once set result = ? where key = ?`, string(result), key)
			return err
		}, nil
	}
	type row struct {
		Request []byte `db:"request"`
		Result  string `db:"result"`
	}
	r, err := One[row](ctx, tx, `select request, result from store_once where key = ?`, key)
	if err != nil {
		return v, false, nil, fmt.Errorf("reading the earlier result: %w", err)
	}
	if !bytes.Equal(r.Request, o.request) {
		return v, false, nil, ErrKeyReused
	}
	if err := json.Unmarshal([]byte(r.Result), &v); err != nil {
		return v, false, nil, fmt.Errorf("reading the earlier result: %w", err)
	}
	return v, true, nil, nil
}

// ForgetOnce drops results older than a moment; a sender retries for minutes,
// not weeks.
func ForgetOnce(ctx context.Context, tx *Tx, before time.Time) error {
	_, err := Exec(ctx, tx, `delete from store_once where at < ?`, before)
	return err
}
