package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwang/domain/duty"
	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/domain/report"
	"shouwang/platform/state"
	"shouwang/platform/store"
	"shouwang/platform/store/storetest"
)

// machine is a state table with its faces outside Go.
type machine struct {
	name  string
	table string // in the database
	moves []state.Move
	draw  string
	next  map[string]map[string]string // for the browser
}

func machines() []machine {
	return []machine{
		faces("duty", "duty_transition", duty.Transitions, duty.Open),
		faces("move", "registry_move_transition", registry.MoveTransitions, registry.Offered),
		faces("report", "report_transition", report.Transitions, report.Received),
		faces("thread", "report_thread_transition", report.ThreadTransitions, report.Waiting),
		faces("omission", "report_omission_transition", report.OmissionTransitions, report.Found),
		faces("import", "registry_import_transition", registry.ImportTransitions, registry.ImportReceived),
		records(),
	}
}

// records is the table of the pack: which record may follow which on a line.
func records() machine {
	pack, err := policy.Load(policy.Default)
	if err != nil {
		panic(err)
	}
	m := machine{name: "casework", table: "casework_transition", draw: "stateDiagram-v2\n", next: map[string]map[string]string{}}
	for _, k := range pack.Casework.Kinds {
		if len(k.After) == 0 {
			m.moves, m.draw = append(m.moves, state.Move{To: k.ID}), m.draw+"    [*] --> "+k.ID+"\n"
		}
		for _, before := range k.After {
			m.moves, m.draw = append(m.moves, state.Move{From: before, To: k.ID}), m.draw+"    "+before+" --> "+k.ID+"\n"
		}
	}
	sort.Slice(m.moves, func(i, j int) bool {
		return m.moves[i].From < m.moves[j].From || m.moves[i].From == m.moves[j].From && m.moves[i].To < m.moves[j].To
	})
	return m
}

func faces[S, A ~string](name, table string, t state.Table[S, A], first S) machine {
	next := map[string]map[string]string{}
	for from, actions := range t {
		next[string(from)] = map[string]string{}
		for by, to := range actions {
			next[string(from)][string(by)] = string(to)
		}
	}
	return machine{name, table, t.Moves(first), t.Draw(first), next}
}

// TestStates_TheFourFacesAreInStep holds the table in Go to the rows that guard
// it in the database, to its drawing and to what the browser reads.
func TestStates_TheFourFacesAreInStep(t *testing.T) {
	generated := map[string]string{"../ui/core/states.gen.ts": browser(t)}
	for _, m := range machines() {
		generated["../docs/states/"+m.name+".md"] = "# " + m.name + "\n\nDrawn from the table in Go; `make generate` writes it.\n\n```mermaid\n" + m.draw + "```\n"
	}
	for file, want := range generated {
		if os.Getenv("SHOUWANG_GENERATE") != "" {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s is not what the tables say: run make generate (%v)", file, err)
		}
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, m := range machines() {
			rows, err := store.All[struct {
				From string `db:"prior_state"`
				To   string `db:"state"`
			}](context.Background(), db, `select prior_state, state from `+m.table)
			if err != nil {
				t.Fatal(err)
			}
			var there []state.Move
			for _, r := range rows {
				there = append(there, state.Move{From: r.From, To: r.To})
			}
			sort.Slice(there, func(i, j int) bool {
				return there[i].From < there[j].From || there[i].From == there[j].From && there[i].To < there[j].To
			})
			if d := cmp.Diff(m.moves, there); d != "" {
				t.Errorf("%s: Go and the database differ:\n%s", m.name, d)
			}
		}
	})
}

func browser(t *testing.T) string {
	var b strings.Builder
	b.WriteString("// Made from the state tables in Go by `make generate`; do not edit.\n\nexport const states = {\n")
	for _, m := range machines() {
		text, err := json.Marshal(m.next)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "  %s: %s,\n", m.name, text)
	}
	b.WriteString("} as const\n")
	return b.String()
}
