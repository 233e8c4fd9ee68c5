package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/region"
	"shouwang/platform/sheet"
	"shouwang/platform/store"
)

// How a row came to its end.
const (
	settledReady    = "ready"    // a person let it in; it waits for posting
	settledEntered  = "entered"  // a file was made
	settledKnown    = "known"    // the child was on file already
	settledMerged   = "merged"   // one file with another row
	settledRejected = "rejected" // a person turned it down
)

// importRow is a row as it lies in the store.
type importRow struct {
	ImportID      string    `db:"import_id"`
	Seq           int       `db:"seq"`
	Sheet         int       `db:"sheet"`
	Number        int       `db:"number"`
	Outcome       string    `db:"outcome"`
	Duplicate     bool      `db:"duplicate"`
	Codes         string    `db:"codes"` // " a.b c.d ", to be found by code
	Region        string    `db:"region"`
	Decider       string    `db:"decider"`
	IdentityIndex []byte    `db:"identity_index"`
	PlaceIndex    []byte    `db:"place_index"`
	IntoSeq       *int      `db:"into_seq"`
	ChildID       string    `db:"child_id" null:"true"`
	Settled       string    `db:"settled"`
	SettledBy     string    `db:"settled_by"`
	SettledAt     time.Time `db:"settled_at"`
	OriginImport  string    `db:"origin_import" null:"true"`
	OriginSeq     *int      `db:"origin_seq"`
	Sealed        []byte    `db:"sealed"`
	Version       int       `db:"version"`
}

func (r *importRow) place() crypto.Place {
	return crypto.Place{Column: "registry_import_row.sealed", ID: r.ImportID + "/" + strconv.Itoa(r.Seq), Version: r.Version}
}

// rowContent is what a row says, and what was found in it: sealed.
type rowContent struct {
	Row        *rosterRow     `json:"row"`
	Number     int            `json:"number"`
	Problems   []foundProblem `json:"problems,omitempty"`
	Raised     []string       `json:"raised,omitempty"`
	Twins      []twin         `json:"twins,omitempty"`
	Differs    []string       `json:"differs,omitempty"`
	PlaceSaid  string         `json:"place_said,omitempty"`
	Candidates []region.Code  `json:"candidates,omitempty"`
	Fixed      bool           `json:"fixed,omitempty"` // a person changed what it says
	Apart      bool           `json:"apart,omitempty"` // a person said it is none of its twins
	Place      region.Code    `json:"place,omitempty"` // as a person chose it
	Reason     string         `json:"reason,omitempty"`
}

// foundProblem is a problem with its column's place, for the workbook.
type foundProblem struct {
	Problem
	Index int `json:"index"`
}

func (r *importRow) open(key *crypto.Key) (*rowContent, error) {
	text, err := key.Open(r.place(), r.Sealed)
	if err != nil {
		return nil, err
	}
	content := &rowContent{}
	if err := json.Unmarshal([]byte(text), content); err != nil {
		return nil, fmt.Errorf("reading a row of an import: %w", err)
	}
	content.Row.Number = content.Number
	return content, nil
}

func (r *importRow) seal(key *crypto.Key, content *rowContent) error {
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("keeping a row of an import: %w", err)
	}
	r.Sealed = key.Seal(r.place(), string(text))
	return nil
}

// put sets a row's clear columns and content from what became of it.
func (r *importRow) put(m *Imports, key *crypto.Key, x *checked, content *rowContent) error {
	r.Outcome, r.Duplicate, r.Codes = x.Outcome, x.Duplicate, codesOf(x.Problems)
	r.Region, r.Decider = string(x.Region), string(x.Decider)
	r.IdentityIndex = m.service.keys.Index("identity", x.Number.Reveal())
	r.PlaceIndex = m.placeIndex(x.PlaceKey)
	r.IntoSeq = nil
	if x.Into != 0 {
		r.IntoSeq = &x.Into
	}
	content.Problems, content.Raised, content.Twins, content.Differs = nil, x.Raised, x.Twins, x.Differs
	for _, p := range x.Problems {
		content.Problems = append(content.Problems, foundProblem{p, p.Index})
	}
	content.PlaceSaid, content.Candidates = x.PlaceSaid, x.Candidates
	return r.seal(key, content)
}

func codesOf(problems []Problem) string {
	if len(problems) == 0 {
		return ""
	}
	out := " "
	for _, p := range problems {
		if !strings.Contains(out, " "+p.Code+" ") {
			out += p.Code + " "
		}
	}
	return out
}

// bookContent is what was found in the file, sealed with the import.
type bookContent struct {
	Sheets   []*rosterSheet         `json:"sheets"`
	None     []string               `json:"none"` // why a sheet holds no table
	Mappings map[int]map[int]string `json:"mappings,omitempty"`
	Columns  [][]MappedColumn       `json:"columns"`
}

func (m *Imports) find(ctx context.Context, q store.Querier, id string) (*Import, error) {
	return m.findWith(ctx, q, id, "")
}

// lock reads an import so that nobody else moves it in the meantime.
func (m *Imports) lock(ctx context.Context, tx *store.Tx, id string) (*Import, error) {
	return m.findWith(ctx, tx, id, store.For(tx, "", " for update"))
}

func (m *Imports) findWith(ctx context.Context, q store.Querier, id, lock string) (*Import, error) {
	i, ok, err := store.Maybe[Import](ctx, q, `select `+store.Columns[Import]("i")+` from registry_import i where i.id = ?`+lock, id)
	if err != nil {
		return nil, fmt.Errorf("reading the import: %w", err)
	}
	if !ok {
		return nil, fault.NewNotFound("not_found", "没有找到这次导入。")
	}
	return &i, nil
}

// move takes an import to its next state, where nobody moved it first.
func (m *Imports) move(ctx context.Context, tx *store.Tx, i *Import, by ImportAction, set string, values ...any) error {
	next, err := ImportTransitions.Next(i.State, by)
	if err != nil {
		return err
	}
	if set != "" {
		set = ", " + set
	}
	now := m.service.clock.Now()
	n, err := store.Exec(ctx, tx, `
		update registry_import
		   set prior_state = state, state = ?, moved_at = ?, version = version + 1`+set+`
		 where id = ? and state = ? and round = ?`, append(append([]any{string(next), now}, values...), i.ID, string(i.State), i.Round)...)
	if store.IsUnique(err) {
		return fault.NewConflict("import.same_file", "同一份文件已经另行导入。").Because(err)
	}
	if err != nil {
		return fmt.Errorf("moving the import: %w", err)
	}
	if n == 0 {
		return errImportStale()
	}
	i.PriorState, i.State, i.MovedAt = i.State, next, now
	return nil
}

func errImportStale() error {
	return fault.NewStale("import.stale", "这次导入刚刚有了变化，请刷新后再看。")
}

// content opens what was found in the file.
func (m *Imports) content(i *Import, key *crypto.Key) (*bookContent, error) {
	text, err := key.Open(importPlace(i.ID, "sealed", i.Round), i.Sealed)
	if err != nil {
		return nil, err
	}
	c := &bookContent{}
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil, fmt.Errorf("reading what was found in the file: %w", err)
	}
	for _, s := range c.Sheets {
		s.today = m.today()
	}
	return c, nil
}

func sealContent(i *Import, key *crypto.Key, round int, c *bookContent) ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("keeping what was found in the file: %w", err)
	}
	return key.Seal(importPlace(i.ID, "sealed", round), string(text)), nil
}

// MappedColumn is one column of a sheet and the field it is taken for.
type MappedColumn struct {
	Index      int       `json:"index"`
	Letter     string    `json:"letter"`
	Header     string    `json:"header"`
	Field      string    `json:"field" doc:"empty when the column is not read"`
	Confidence float64   `json:"confidence"`
	How        sheet.How `json:"how"`
	Slipped    bool      `json:"slipped" doc:"the values do not look like the field: columns may have slipped"`
}
