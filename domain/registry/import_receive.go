package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"shouwang/platform/authz"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// Received is what an upload returns.
type Received struct {
	ID      string `json:"id"`
	Already bool   `json:"already" doc:"this very file was brought before; nothing was changed, and id is the first import of it"`
}

// Receive takes a roster in: sealed as it arrives, then read and checked by
// jobs. The same file again changes nothing and gives the first import. The
// roster is entered only by Post.
func (m *Imports) Receive(ctx context.Context, fileName string, src io.Reader) (*Received, error) {
	office, err := m.office(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.service.rules.Check(ctx, m.service.db, "import.add", authz.Subject{Kind: "import", Region: office.Region}); err != nil {
		return nil, err
	}
	ctx = store.Again(ctx) // the content is the idempotency key
	id, now := newID(), m.service.clock.Now()
	key, err := store.In(ctx, m.service.db, func(tx *store.Tx) (*crypto.Key, error) {
		keys, err := m.service.keys.New(ctx, tx, now, id)
		return keys[id], err
	})
	if err != nil {
		return nil, err
	}
	size, digest, err := m.keepFile(id, key, src)
	if err != nil {
		return nil, m.abandon(ctx, id, err)
	}
	actor, _ := authz.ActorOf(ctx)
	i := Import{ID: id, County: office.Region[:6] + "000000", Region: office.Region, Role: string(office.Role), AuthorID: actor.UserID, Author: actor.Name,
		FileName: cut(strings.TrimSpace(fileName), 120), Content: m.service.keys.Index("import.file", string(digest)), Size: size,
		State: ImportReceived, MovedAt: now, ReceivedAt: now, Round: 1, Version: 1}
	first, err := m.first(ctx, m.service.db, &i)
	if err == nil && first == "" {
		err = store.Do(ctx, m.service.db, func(tx *store.Tx) error {
			if err := store.Insert(ctx, tx, "registry_import", i); err != nil {
				return fmt.Errorf("keeping the import: %w", err)
			}
			if err := m.enqueue(ctx, tx, jobRead, &i); err != nil {
				return err
			}
			return m.service.journal.Record(ctx, tx, "import.received", journal.Entry{Kind: "import", ID: id, Region: i.Region})
		})
		if store.IsUnique(err) { // the same file came twice at once
			first, err = m.first(ctx, m.service.db, &i)
		}
	}
	if err != nil || first != "" {
		if err := m.abandon(ctx, id, err); err != nil {
			return nil, err
		}
		return &Received{ID: first, Already: true}, nil
	}
	return &Received{ID: id}, nil
}

// first finds an earlier import of the same file that still stands.
func (m *Imports) first(ctx context.Context, q store.Querier, i *Import) (string, error) {
	id, _, err := store.Maybe[string](ctx, q, `
		select id from registry_import where region = ? and content = ? and state not in ('undone', 'failed')`, i.Region, i.Content)
	if err != nil {
		return "", fmt.Errorf("looking for the same file: %w", err)
	}
	return id, nil
}

// abandon takes back a file that did not become an import.
func (m *Imports) abandon(ctx context.Context, id string, cause error) error {
	if err := m.dropFile(id); err != nil {
		return err
	}
	if err := store.Do(ctx, m.service.db, func(tx *store.Tx) error {
		return m.service.keys.Destroy(ctx, tx, id, m.service.clock.Now())
	}); err != nil {
		return fmt.Errorf("erasing an upload's key: %w", err)
	}
	return cause
}

// reach finds an import the actor may do something with.
func (m *Imports) reach(ctx context.Context, q store.Querier, action, id string) (*Import, error) {
	i, err := m.find(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return nil, m.service.rules.Absent(ctx, action, "import")
	}
	if err != nil {
		return nil, err
	}
	return i, m.service.rules.Check(ctx, q, action, authz.Subject{Kind: "import", ID: id, Region: i.Region})
}

// Post enters what was accepted; held rows wait for the offices they belong
// to, without holding up the rest. Asked again while it runs, it sees that it
// does run.
func (m *Imports) Post(ctx context.Context, id string) (Receipt, error) {
	return store.In(ctx, m.service.db, func(tx *store.Tx) (Receipt, error) {
		if _, err := m.reach(ctx, tx, "import.add", id); err != nil {
			return Receipt{}, err
		}
		i, err := m.lock(ctx, tx, id)
		if err != nil {
			return Receipt{}, err
		}
		actor, _ := authz.ActorOf(ctx)
		role := i.Role
		for _, g := range actor.Grants {
			if (g.Role == authz.CivilAffairs || g.Role == authz.TownshipSupervisor) && strings.HasPrefix(i.Region, g.Prefix()) {
				role = string(g.Role)
			}
		}
		if i.State != ImportPosting {
			// Who enters the rows answers for them.
			if err := m.move(ctx, tx, i, importPost, "author_id = ?, author = ?, role = ?", actor.UserID, actor.Name, role); err != nil {
				return Receipt{}, err
			}
			if err := m.service.journal.Record(ctx, tx, "import.posting", journal.Entry{Kind: "import", ID: id, Region: i.Region}); err != nil {
				return Receipt{}, err
			}
		}
		return Receipt{ID: id, Version: i.Version + 1}, m.enqueue(ctx, tx, jobPost, i)
	})
}

// Mapping is how the columns of one sheet are read.
type Mapping struct {
	Sheet   int            `json:"sheet"`
	Name    string         `json:"name"`
	None    string         `json:"none" doc:"why the sheet holds no roster; empty when it does"`
	Columns []MappedColumn `json:"columns"`
}

// FieldChoice is a field a column may be taken for.
type FieldChoice struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

// FieldChoices lists the fields, in the order forms have them.
func FieldChoices() []FieldChoice {
	out := make([]FieldChoice, len(rosterFields))
	for i, f := range rosterFields {
		out[i] = FieldChoice{f.Key, fieldName(f.Key)}
	}
	return out
}

// Mappings shows how each sheet's columns are read.
func (m *Imports) Mappings(ctx context.Context, id string) ([]Mapping, error) {
	i, err := m.reach(ctx, m.service.db, "import.read", id)
	if err != nil {
		return nil, err
	}
	key, err := m.key(ctx, m.service.db, i)
	if err != nil {
		return nil, err
	}
	c, err := m.content(i, key)
	if err != nil {
		return nil, err
	}
	out := make([]Mapping, len(c.Columns))
	for n, columns := range c.Columns {
		out[n] = Mapping{Sheet: n, Name: c.Sheets[n].Name, None: c.None[n], Columns: columns}
	}
	return out, nil
}

// Map corrects which column holds what, by sheet, and has the roster checked
// anew; the county's offices need not correct the same headers again. Invalid
// names a column or field that cannot be; Conflict once rows are being
// entered.
func (m *Imports) Map(ctx context.Context, id string, mappings map[int]map[int]string) (Receipt, error) {
	i, err := m.reach(ctx, m.service.db, "import.add", id)
	if err != nil {
		return Receipt{}, err
	}
	if _, err := ImportTransitions.Next(i.State, importCheck); err != nil {
		return Receipt{}, err
	}
	o, err := m.openBook(ctx, i)
	if err != nil {
		return Receipt{}, err
	}
	defer o.Close()
	c, err := m.content(i, o.key)
	if err != nil {
		return Receipt{}, err
	}
	if c.Mappings == nil {
		c.Mappings = map[int]map[int]string{}
	}
	for n, mapping := range mappings {
		if n < 0 || n >= len(o.tables) || o.tables[n].None != "" {
			return Receipt{}, fault.NewInvalid("import.sheet", "没有这张工作表，或其中没有名册。")
		}
		c.Mappings[n] = mapping
	}
	if err := o.asMapped(c); err != nil {
		return Receipt{}, err
	}
	m.describe(i, o.tables, c)
	sealed, err := sealContent(i, o.key, i.Round+1, c)
	if err != nil {
		return Receipt{}, err
	}
	return store.In(ctx, m.service.db, func(tx *store.Tx) (Receipt, error) {
		if err := m.move(ctx, tx, i, importCheck, `
			       round = round + 1, sealed = ?, done = 0, entered = 0, accepted = 0, held = 0, rejected = 0, duplicates = 0`, sealed); err != nil {
			return Receipt{}, err
		}
		i.Round++
		if _, err := store.Exec(ctx, tx, `delete from registry_import_row where import_id = ?`, id); err != nil {
			return Receipt{}, fmt.Errorf("clearing rows: %w", err)
		}
		for n, mapping := range mappings {
			text, err := json.Marshal(mapping)
			if err != nil {
				return Receipt{}, fmt.Errorf("remembering a mapping: %w", err)
			}
			if _, err := store.Exec(ctx, tx, `
				insert into registry_mapping (county, fingerprint, mapping, decided_by, decided_at) values (?, ?, ?, ?, ?)
				    on conflict (county, fingerprint) do update
				   set mapping = excluded.mapping, decided_by = excluded.decided_by, decided_at = excluded.decided_at`,
				i.County, o.tables[n].Fingerprint(), string(text), actorID(ctx), m.service.clock.Now()); err != nil {
				return Receipt{}, fmt.Errorf("remembering a mapping: %w", err)
			}
		}
		if err := m.enqueue(ctx, tx, jobCheck, i); err != nil {
			return Receipt{}, err
		}
		return Receipt{ID: id, Version: i.Version + 1}, m.service.journal.Record(ctx, tx, "import.mapped", journal.Entry{Kind: "import", ID: id, Region: i.Region})
	})
}
