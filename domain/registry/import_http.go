package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"shouwang/platform/fault"
	"shouwang/platform/web"
)

// Routes registers the operations of imports.
func (m *Imports) Routes(api *web.API) {
	web.HandleRaw(api, web.Op{Method: "POST", Path: "/api/imports", ID: "addImport", Rule: "import.add", Summary: "Bring a roster, as the body or as a form's file; the name in ?name="}, m.upload)
	type page struct {
		After string `query:"after" maxLength:"40"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/imports", ID: "imports", Rule: "import.read", Summary: "Imports in reach, newest first"},
		func(ctx context.Context, in *page) (*struct{ Body web.Page[Import] }, error) {
			rows, err := m.List(ctx, in.After, pageRows+1)
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[Import] }{web.Cut(rows, pageRows, func(i Import) string { return i.ID })}, nil
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/imports/{id}", ID: "import", Rule: "import.read", Summary: "Where an import stands"},
		func(ctx context.Context, in *byID) (*struct{ Body *Import }, error) {
			i, err := m.Find(ctx, in.ID)
			return &struct{ Body *Import }{i}, err
		})
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/api/imports/{id}/events", ID: "importEvents", Rule: "import.read", Summary: "Its progress, as server-sent events"}, m.events)

	type mappings struct {
		Body struct {
			Sheets []Mapping     `json:"sheets"`
			Fields []FieldChoice `json:"fields"`
		}
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/imports/{id}/mapping", ID: "importMapping", Rule: "import.read", Summary: "Which column is read as what"},
		func(ctx context.Context, in *byID) (*mappings, error) {
			var out mappings
			var err error
			out.Body.Sheets, err = m.Mappings(ctx, in.ID)
			out.Body.Fields = FieldChoices()
			return &out, err
		})
	type mapped struct {
		Column int    `json:"column" minimum:"1" maximum:"16384"`
		Field  string `json:"field" maxLength:"40" doc:"empty: not read"`
	}
	type remap struct {
		ID   string `path:"id"`
		Body struct {
			Sheets []struct {
				Sheet   int      `json:"sheet" minimum:"0"`
				Columns []mapped `json:"columns" maxItems:"1024"`
			} `json:"sheets" minItems:"1" maxItems:"256"`
		}
	}
	web.Handle(api, web.Op{Method: "PUT", Path: "/api/imports/{id}/mapping", ID: "mapImport", Rule: "import.add", Summary: "Correct the mapping and check anew"},
		func(ctx context.Context, in *remap) (*struct{ Body Receipt }, error) {
			corrected := map[int]map[int]string{}
			for _, s := range in.Body.Sheets {
				columns := map[int]string{}
				for _, c := range s.Columns {
					if c.Field != "" {
						columns[c.Column] = c.Field
					}
				}
				corrected[s.Sheet] = columns
			}
			r, err := m.Map(ctx, in.ID, corrected)
			return &struct{ Body Receipt }{r}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/imports/{id}/post", ID: "postImport", Rule: "import.add", Summary: "Enter what was accepted"},
		func(ctx context.Context, in *byID) (*struct{ Body Receipt }, error) {
			r, err := m.Post(ctx, in.ID)
			return &struct{ Body Receipt }{r}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/imports/{id}/undo", ID: "undoImport", Rule: "import.undo", Summary: "Take the whole import back"},
		func(ctx context.Context, in *byID) (*struct{ Body Receipt }, error) {
			r, err := m.Undo(ctx, in.ID)
			return &struct{ Body Receipt }{r}, err
		})

	type rows struct {
		ID      string `path:"id"`
		Outcome string `query:"outcome" enum:"accepted,held,rejected,"`
		Code    string `query:"code" maxLength:"60"`
		After   int    `query:"after" minimum:"0"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/imports/{id}/rows", ID: "importRows", Rule: "import.read", Summary: "Rows with their problems and what would be entered"},
		func(ctx context.Context, in *rows) (*struct{ Body web.Page[ImportRow] }, error) {
			found, err := m.Rows(ctx, in.ID, RowFilter{Outcome: in.Outcome, Code: in.Code, After: in.After, Limit: pageRows + 1})
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[ImportRow] }{web.Cut(found, pageRows, func(r ImportRow) string { return strconv.Itoa(r.Seq) })}, nil
		})
	type decision struct {
		ID   string `path:"id"`
		Row  int    `path:"row"`
		Body RowDecision
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/imports/{id}/rows/{row}/decision", ID: "decideImportRow", Rule: "import.decide", Summary: "Settle one row"},
		func(ctx context.Context, in *decision) (*struct{ Body *Decided }, error) {
			d, err := m.Decide(ctx, in.ID, in.Row, in.Body)
			return &struct{ Body *Decided }{d}, err
		})
	type place struct {
		ID   string `path:"id"`
		Body struct {
			Row   int    `json:"row" minimum:"1" doc:"a row that uses the name"`
			Place string `json:"place" pattern:"^[0-9]{12}$" patternDescription:"村（社区）"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/imports/{id}/decisions", ID: "decideImportPlace", Rule: "import.decide", Summary: "Settle what a place's name means, for all rows that use it"},
		func(ctx context.Context, in *place) (*struct{ Body *Decided }, error) {
			d, err := m.DecidePlace(ctx, in.ID, in.Body.Row, in.Body.Place)
			return &struct{ Body *Decided }{d}, err
		})
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/api/imports/{id}/problems.xlsx", ID: "importProblems", Rule: "import.read", Summary: "Held and rejected rows as a workbook, to mend and bring back"}, m.problems)
}

// upload takes a roster as it comes over the wire; nothing of it is held in
// memory or laid down readable. One that says it is too large is turned away
// before it is sent.
func (m *Imports) upload(w http.ResponseWriter, r *http.Request) error {
	const around = 1 << 20 // what a form may put around its file
	if r.ContentLength > importLimits.File+around {
		return errTooLarge()
	}
	r.Body = http.MaxBytesReader(w, r.Body, importLimits.File+around)
	name, src := r.URL.Query().Get("name"), io.Reader(r.Body)
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		parts, err := r.MultipartReader()
		if err != nil {
			return fault.NewInvalid("import.form", "上传的内容不完整，请重新上传。").Because(err)
		}
		for {
			part, err := parts.NextPart()
			if isTooLarge(err) {
				return errTooLarge()
			}
			if err != nil {
				return fault.NewInvalid("import.no_file", "没有收到文件，请重新选择后上传。").Because(err)
			}
			if part.FileName() != "" {
				name, src = part.FileName(), part
				break
			}
		}
	}
	received, err := m.Receive(r.Context(), name, src)
	switch {
	case isTooLarge(err):
		return errTooLarge()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.NewInvalid("import.broken_off", "文件没有传完，请重新上传，不会重复导入。").Because(err)
	case err != nil:
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	return json.NewEncoder(w).Encode(received)
}

// isTooLarge reports that more came than MaxBytesReader lets through.
func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// events tells how far an import has come, until it rests or the reader goes.
// The work does not depend on anybody watching.
func (m *Imports) events(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	i, err := m.Find(ctx, id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	for last := 0; ; {
		if i.Version != last {
			last = i.Version
			text, err := json.Marshal(i)
			if err != nil {
				return nil // the head is out; the reader asks again
			}
			fmt.Fprintf(w, "data: %s\n\n", text)
		} else {
			io.WriteString(w, ": still here\n\n")
		}
		if out.Flush() != nil || !i.State.Running() {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
		if i, err = m.Find(ctx, id); err != nil {
			return nil
		}
	}
}

func (m *Imports) problems(w http.ResponseWriter, r *http.Request) error {
	lazy := &download{w: w, name: "待核实和不能入库的行.xlsx"}
	err := m.WriteProblems(r.Context(), r.PathValue("id"), lazy)
	if err != nil && lazy.begun {
		panic(http.ErrAbortHandler) // half a workbook must not look like a whole one
	}
	return err
}

// download sends its header with the first byte, so that an error before it
// can still be said.
type download struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

func (d *download) Write(p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		d.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	}
	return d.w.Write(p)
}
