package authz

import (
	"context"
	"fmt"

	"shouwang/platform/store"
)

// EnrolTx puts a person on an organisation's roll; twice is once.
func EnrolTx(ctx context.Context, tx *store.Tx, organisation, subject, on string) error {
	_, err := store.Exec(ctx, tx, `
		insert into authz_roll (organisation_id, subject_id, since_on) values (?, ?, ?)
		    on conflict (organisation_id, subject_id) do update set until_on = ''`, organisation, subject, on)
	if err != nil {
		return fmt.Errorf("enrolling: %w", err)
	}
	return nil
}

// RemoveTx takes a person off an organisation's roll on a day.
func RemoveTx(ctx context.Context, tx *store.Tx, organisation, subject, on string) error {
	_, err := store.Exec(ctx, tx, `
		update authz_roll set until_on = ? where organisation_id = ? and subject_id = ? and until_on = ''`, on, organisation, subject)
	if err != nil {
		return fmt.Errorf("ending a place on the roll: %w", err)
	}
	return nil
}
