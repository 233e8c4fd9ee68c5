package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// builtOn is true of a child of an import on whose file something stands
// besides the import: a later change, or a line in the journal by somebody
// that did not come from it. Everything anyone does to a child leaves a line.
const builtOn = `(c.version > 1 or c.state <> 'registered'
		       or exists (select 1 from registry_fact f where f.child_id = c.id and f.source_id <> c.import_id)
		       or exists (select 1 from journal_line j
		                   where j.subject_id = c.id and j.outcome = 'done' and j.author_id <> 'system' and j.purpose <> ?))`

// Undo takes a whole import back. One not yet posted just ends. A posted one
// is taken back file by file, while nothing was built on any of them; else
// Conflict says on which (by file number).
func (m *Imports) Undo(ctx context.Context, id string) (Receipt, error) {
	return store.In(ctx, m.service.db, func(tx *store.Tx) (Receipt, error) {
		if _, err := m.reach(ctx, tx, "import.undo", id); err != nil {
			return Receipt{}, err
		}
		i, err := m.lock(ctx, tx, id)
		if err != nil {
			return Receipt{}, err
		}
		if i.State == ImportPosted {
			if err := m.notBuiltOn(ctx, tx, i); err != nil {
				return Receipt{}, err
			}
		}
		if err := m.move(ctx, tx, i, importUndo, "reason = ''"); err != nil {
			return Receipt{}, err
		}
		if i.State == ImportUndoing {
			if _, err := m.service.duty.CancelTx(ctx, tx, duty.Which{SubjectKind: "import", SubjectID: id}, "这次导入已撤销"); err != nil {
				return Receipt{}, err
			}
			if err := m.enqueue(ctx, tx, jobUndo, i); err != nil {
				return Receipt{}, err
			}
		}
		return Receipt{ID: id, Version: i.Version + 1}, m.service.journal.Record(ctx, tx, "import.undo", journal.Entry{Kind: "import", ID: id, Region: i.Region})
	})
}

func (m *Imports) notBuiltOn(ctx context.Context, tx *store.Tx, i *Import) error {
	const shown = 10
	numbers, err := store.All[string](ctx, tx, `
		select c.number from registry_child c where c.import_id = ? and `+builtOn+` order by c.number limit ?`, i.ID, importPurpose(i.ID), shown+1)
	if err != nil {
		return fmt.Errorf("looking for what was built on the import: %w", err)
	}
	if len(numbers) == 0 {
		return nil
	}
	more := ""
	if len(numbers) > shown {
		numbers, more = numbers[:shown], " 等"
	}
	return fault.NewConflict("import.built_on", "不能整批撤销：以下儿童的档案在导入后又有了记录，请逐人处理。档案编号：%s%s。", strings.Join(numbers, "、"), more)
}

// undoing removes the files of an import, a batch to a transaction.
func (m *Imports) undoing(ctx context.Context, id string) error {
	i, err := m.find(ctx, m.service.db, id)
	if err != nil || i.State != ImportUndoing {
		return err
	}
	ctx = journal.WithAuthor(ctx, journal.Author{ID: "system", Name: "系统", Purpose: importPurpose(id)})
	for start := time.Now(); ; {
		more, err := store.In(ctx, m.service.db, func(tx *store.Tx) (bool, error) { return m.undoBatch(ctx, tx, id) })
		if store.IsMissingParent(err) { // another mechanism holds on to a file
			return store.Do(ctx, m.service.db, func(tx *store.Tx) error {
				i, err := m.lock(ctx, tx, id)
				if err != nil {
					return err
				}
				return m.keepAfterAll(ctx, tx, i)
			})
		}
		if err != nil || !more {
			return err
		}
		if time.Since(start) > jobTime {
			return store.Do(ctx, m.service.db, func(tx *store.Tx) error {
				i, err := m.lock(ctx, tx, id)
				if err != nil {
					return err
				}
				return m.enqueue(ctx, tx, jobUndo, i)
			})
		}
	}
}

func (m *Imports) undoBatch(ctx context.Context, tx *store.Tx, id string) (more bool, err error) {
	i, err := m.lock(ctx, tx, id)
	if err != nil || i.State != ImportUndoing {
		return false, err
	}
	ids, err := store.All[string](ctx, tx, `
		select c.id from registry_child c where c.import_id = ? and not `+builtOn+` order by c.id limit ?`, id, importPurpose(id), batchRows)
	if err != nil {
		return false, fmt.Errorf("reading files to take back: %w", err)
	}
	if len(ids) > 0 {
		if err := m.service.remove(ctx, tx, id, ids); err != nil {
			return false, err
		}
		_, err := store.Exec(ctx, tx, `
			update registry_import set entered = case when entered > ? then entered - ? else 0 end, version = version + 1 where id = ?`, len(ids), len(ids), id)
		return true, err
	}
	left, err := store.One[int](ctx, tx, `select count(*) from registry_child where import_id = ?`, id)
	if err != nil {
		return false, fmt.Errorf("counting what is left: %w", err)
	}
	if left > 0 {
		return false, m.keepAfterAll(ctx, tx, i)
	}
	if err := m.move(ctx, tx, i, importGone, "entered = 0"); err != nil {
		return false, err
	}
	return false, m.service.journal.Record(ctx, tx, "import.undone", journal.Entry{Kind: "import", ID: id, Region: i.Region})
}

// keepAfterAll ends an undo on which somebody built in the meantime: what is
// left stays, and the import says so.
func (m *Imports) keepAfterAll(ctx context.Context, tx *store.Tx, i *Import) error {
	left, err := store.One[int](ctx, tx, `select count(*) from registry_child where import_id = ?`, i.ID)
	if err != nil {
		return fmt.Errorf("counting what is left: %w", err)
	}
	if err := m.move(ctx, tx, i, importKeep, "reason = ?", fmt.Sprintf("撤销过程中有 %d 名儿童的档案又有了记录，这些档案保留，其余已撤销。", left)); err != nil {
		return err
	}
	return m.openDuties(ctx, tx, i)
}

// remove erases files that nothing was built on: rows, figures, keys. The
// journal keeps that they were there.
func (s *Service) remove(ctx context.Context, tx *store.Tx, importID string, ids []string) error {
	children, _, err := s.load(ctx, tx, ids...)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	var deltas []tally.Delta
	var entries []journal.Entry
	families := map[string]bool{}
	for _, c := range children {
		deltas = append(append(deltas, registerCount(&c.Child, -1)...), c.verdictCounts(-1)...)
		for _, f := range c.Facts {
			for _, d := range factCount(f) {
				d.N = -d.N
				deltas = append(deltas, d)
			}
		}
		entries = append(entries, journal.Entry{Kind: "child", ID: c.Child.ID, Subject: c.Child.ID, Region: c.Child.Region, Note: "import"})
		families[c.Child.FamilyID] = true
		if _, err := s.duty.CancelTx(ctx, tx, duty.Which{ChildID: c.Child.ID}, "导入已撤销，档案已删除"); err != nil {
			return err
		}
	}
	in := "(" + store.Marks(len(ids)) + ")"
	people, err := store.All[string](ctx, tx, `
		select distinct p.id
		  from registry_relation r
		  join registry_person p on p.id = r.person_id
		 where r.child_id in `+in+` and p.import_id = ?
		   and not exists (select 1 from registry_relation o where o.person_id = p.id and o.child_id not in `+in+`)`,
		append(append(store.Anys(ids), importID), store.Anys(ids)...)...)
	if err != nil {
		return fmt.Errorf("reading family members to remove: %w", err)
	}
	for _, table := range []string{"registry_status", "registry_history", "registry_fact", "registry_relation", "registry_block"} {
		if _, err := store.Exec(ctx, tx, `delete from `+table+` where child_id in `+in, store.Anys(ids)...); err != nil {
			return fmt.Errorf("removing %s: %w", table, err)
		}
	}
	if _, err := store.Exec(ctx, tx, `delete from registry_child where id in `+in, store.Anys(ids)...); err != nil {
		return fmt.Errorf("removing files: %w", err)
	}
	if len(people) > 0 {
		if _, err := store.Exec(ctx, tx, `delete from registry_person where id in (`+store.Marks(len(people))+`)`, store.Anys(people)...); err != nil {
			return fmt.Errorf("removing family members: %w", err)
		}
	}
	var homes []string
	for f := range families {
		homes = append(homes, f)
	}
	if _, err := store.Exec(ctx, tx, `
		delete from registry_family
		 where id in (`+store.Marks(len(homes))+`)
		   and not exists (select 1 from registry_child c where c.family_id = registry_family.id)
		   and not exists (select 1 from registry_person p where p.family_id = registry_family.id)`, store.Anys(homes)...); err != nil {
		return fmt.Errorf("removing families: %w", err)
	}
	for _, owner := range append(people, ids...) {
		if err := s.keys.Destroy(ctx, tx, owner, now); err != nil {
			return fmt.Errorf("destroying keys: %w", err)
		}
	}
	if err := tally.AddTx(ctx, tx, deltas...); err != nil {
		return err
	}
	return s.journal.Record(ctx, tx, "child.removed", entries...)
}

// factCount is what a fact adds to the figures of the clauses.
func factCount(f Fact) []tally.Delta {
	switch f.Kind {
	case Absence, Arrangement:
		return []tally.Delta{{Name: FigureClause, Region: f.Region, Part: "三.一.2", N: 1}}
	case Living:
		return []tally.Delta{{Name: FigureClause, Region: f.Region, Part: "三.一.4", N: 1}}
	}
	return nil
}

// keptFor is how long file and rows stay after an import has ended.
const keptFor = 30 * 24 * time.Hour

// sweep removes files whose time is up, and uploads that became nothing. Rows
// that still wait for a person stay readable until they are settled.
func (m *Imports) sweep(ctx context.Context) error {
	now := m.service.clock.Now()
	due, err := store.All[Import](ctx, m.service.db, `
		select `+store.Columns[Import]("i")+`
		  from registry_import i
		 where i.state in ('posted', 'undone', 'failed') and i.moved_at < ? and i.erased_at is null`, now.Add(-keptFor))
	if err != nil {
		return fmt.Errorf("reading imports to erase: %w", err)
	}
	for _, i := range due {
		if err := m.dropFile(i.ID); err != nil {
			return err
		}
		if i.State == ImportPosted && i.Held > 0 {
			continue
		}
		if err := store.Do(ctx, m.service.db, func(tx *store.Tx) error {
			if err := m.service.keys.Destroy(ctx, tx, i.ID, now); err != nil {
				return err
			}
			if _, err := store.Exec(ctx, tx, `update registry_import set erased_at = ?, version = version + 1 where id = ?`, now, i.ID); err != nil {
				return err
			}
			return m.service.journal.Record(ctx, tx, "import.erased", journal.Entry{Kind: "import", ID: i.ID, Region: i.Region})
		}); err != nil {
			return fmt.Errorf("erasing import %s: %w", i.ID, err)
		}
	}
	return m.sweepFolder(ctx, now)
}

func (m *Imports) sweepFolder(ctx context.Context, now time.Time) error {
	files, err := os.ReadDir(m.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the folder for rosters: %w", err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || now.Sub(info.ModTime()) < 24*time.Hour {
			continue
		}
		id := strings.TrimSuffix(f.Name(), ".part")
		if _, err := m.find(ctx, m.service.db, id); fault.Is(err, fault.NotFound) {
			if err := m.abandon(ctx, id, nil); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
	}
	return nil
}
