package registry

import (
	"context"
	"fmt"

	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// updateTx is Update inside a caller's transaction, for a source other than a
// desk.
func (s *Service) updateTx(ctx context.Context, tx *store.Tx, id string, source Source, change Change) error {
	children, keys, err := s.load(ctx, tx, id)
	if err != nil {
		return err
	}
	now, key := children[0], keys[id]
	before := now.Child
	changes, err := s.apply(&now.Child, key, change)
	if err != nil || len(changes) == 0 {
		return err
	}
	if err := s.save(ctx, tx, &now.Child, before.Version); err != nil {
		return err
	}
	now.Source = source
	if err := s.settle(ctx, tx, children); err != nil {
		return err
	}
	if err := tally.AddTx(ctx, tx, changeCount(&before, &now.Child)...); err != nil {
		return err
	}
	return s.remember(ctx, tx, &now.Child, key, source.Kind, "child.changed", changes)
}

// addRelativeTx is AddRelative inside a caller's transaction.
func (s *Service) addRelativeTx(ctx context.Context, tx *store.Tx, id string, source Source, r Relative) error {
	c, err := store.One[Child](ctx, tx, `select `+store.Columns[Child]("c")+` from registry_child c where c.id = ?`, id)
	if err != nil {
		return fmt.Errorf("reading the child: %w", err)
	}
	key, err := s.keys.Key(ctx, tx, id)
	if err != nil {
		return err
	}
	f := NewFile{Child: Particulars{Name: c.Name, Region: c.Region}, Relatives: []Relative{r}}
	if err := f.validate(clock.Today(s.clock)); err != nil {
		return err
	}
	e := &entered{child: c, family: family{ID: c.FamilyID}}
	if err := s.joinPeople(ctx, tx, []*entered{e}, []NewFile{f}, source); err != nil {
		return err
	}
	keys := map[string]*crypto.Key{}
	if len(e.people) > 0 {
		// A person added to a child of another source must outlive an undo.
		e.people[0].ImportID = ""
		if keys, err = s.keys.New(ctx, tx, s.clock.Now(), e.people[0].ID); err != nil {
			return err
		}
	}
	e.key = key
	e.seal(s.keys, keys, f)
	if err := store.Insert(ctx, tx, "registry_person", e.people...); err != nil {
		return fmt.Errorf("adding the person: %w", err)
	}
	if err := store.Insert(ctx, tx, "registry_relation", e.relations...); err != nil {
		return fmt.Errorf("adding the relation: %w", err)
	}
	if err := s.save(ctx, tx, &c, c.Version); err != nil {
		return err
	}
	return s.remember(ctx, tx, &c, key, source.Kind, "child.relative_added",
		[]fieldChange{{"relative.name", "", r.Name}, {"relative.kinship", "", r.Kinship}})
}
