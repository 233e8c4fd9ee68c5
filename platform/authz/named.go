package authz

import (
	"context"
	"fmt"
	"time"

	"shouwang/platform/store"
)

// NameTx admits a person to a compartment by name; twice is once. Whoever calls
// it has checked that the admission is not the person's own doing, and journals
// it.
func NameTx(ctx context.Context, tx *store.Tx, compartment, user, by string, at time.Time) error {
	_, err := store.Exec(ctx, tx, `
		insert into authz_named (subject_id, user_id, named_by, named_at) values (?, ?, ?, ?)
		    on conflict (subject_id, user_id) do update set ended_at = null, until_at = null`, compartment, user, by, at)
	if err != nil {
		return fmt.Errorf("admitting to a compartment: %w", err)
	}
	return nil
}

// NameUntilTx admits a person for a while: the place ends by itself.
func NameUntilTx(ctx context.Context, tx *store.Tx, compartment, user, by string, at, until time.Time) error {
	if err := NameTx(ctx, tx, compartment, user, by, at); err != nil {
		return err
	}
	_, err := store.Exec(ctx, tx, `update authz_named set until_at = ? where subject_id = ? and user_id = ?`, until, compartment, user)
	if err != nil {
		return fmt.Errorf("bounding a place in a compartment: %w", err)
	}
	return nil
}

// UnnameTx ends a person's place in a compartment.
func UnnameTx(ctx context.Context, tx *store.Tx, compartment, user string, at time.Time) error {
	_, err := store.Exec(ctx, tx, `
		update authz_named set ended_at = ? where subject_id = ? and user_id = ? and ended_at is null`, at, compartment, user)
	if err != nil {
		return fmt.Errorf("ending a place in a compartment: %w", err)
	}
	return nil
}

// NamedIn lists the ids of those whom a compartment names.
func NamedIn(ctx context.Context, q store.Querier, compartment string) ([]string, error) {
	users, err := store.All[string](ctx, q, `
		select user_id from authz_named where subject_id = ? and ended_at is null order by named_at, user_id`, compartment)
	if err != nil {
		return nil, fmt.Errorf("reading who is named: %w", err)
	}
	return users, nil
}
