package registry

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/jobs"
	"shouwang/platform/region"
	"shouwang/platform/sheet"
	"shouwang/platform/state"
	"shouwang/platform/store"
)

// ImportState is where an import stands.
type ImportState string

// ImportAction moves it on.
type ImportAction string

const (
	ImportReceived ImportState = "received" // 已收到
	ImportRead     ImportState = "read"     // 已认出表头
	ImportChecking ImportState = "checking" // 核对中
	ImportChecked  ImportState = "checked"  // 待确认入库
	ImportPosting  ImportState = "posting"  // 入库中
	ImportPosted   ImportState = "posted"   // 已入库
	ImportUndoing  ImportState = "undoing"  // 撤销中
	ImportUndone   ImportState = "undone"   // 已撤销
	ImportFailed   ImportState = "failed"   // 未能导入

	importRead   ImportAction = "read"
	importCheck  ImportAction = "check"
	importReady  ImportAction = "ready"
	importPost   ImportAction = "post"
	importPosted ImportAction = "finish"
	importUndo   ImportAction = "undo"
	importKeep   ImportAction = "keep" // undoing stopped: something was built on it meanwhile
	importGone   ImportAction = "gone"
	importFail   ImportAction = "fail"
)

// ImportTransitions is the whole life of an import (摸底名册导入). Nothing is
// entered before a person has seen the preview and asked for it.
var ImportTransitions = state.Table[ImportState, ImportAction]{
	ImportReceived: {importRead: ImportRead, importFail: ImportFailed, importUndo: ImportUndone},
	ImportRead:     {importCheck: ImportChecking, importFail: ImportFailed, importUndo: ImportUndone},
	ImportChecking: {importCheck: ImportChecking, importReady: ImportChecked, importFail: ImportFailed, importUndo: ImportUndone},
	ImportChecked:  {importCheck: ImportChecking, importPost: ImportPosting, importUndo: ImportUndone},
	ImportPosting:  {importPosted: ImportPosted, importFail: ImportFailed},
	ImportPosted:   {importUndo: ImportUndoing},
	ImportUndoing:  {importGone: ImportUndone, importKeep: ImportPosted},
	ImportFailed:   {importUndo: ImportUndone},
}

// ImportRules are who may bring in a roster and settle its rows.
var ImportRules = authz.Rules{
	"import.add":    {authz.InRegion(authz.CivilAffairs, authz.TownshipSupervisor)},
	"import.read":   {authz.InRegion(authz.CivilAffairs, authz.TownshipSupervisor)},
	"import.decide": {authz.InRegion(authz.CivilAffairs, authz.TownshipSupervisor)},
	"import.undo":   {authz.InRegion(authz.CivilAffairs, authz.TownshipSupervisor)},
}

// Import is one roster brought in by an office. Counts are of rows as they
// stand now: accepted + held + rejected is the number of rows checked.
type Import struct {
	ID         string      `db:"id" json:"id"`
	County     string      `db:"county" json:"-"`
	Region     string      `db:"region" json:"region" doc:"of the office that brought it"`
	Role       string      `db:"role" json:"-"`
	AuthorID   string      `db:"author_id" json:"-"`
	Author     string      `db:"author" json:"author"`
	FileName   string      `db:"file_name" json:"file_name"`
	Content    []byte      `db:"content" json:"-"`
	Size       int64       `db:"size" json:"size"`
	PriorState ImportState `db:"prior_state" json:"-"`
	State      ImportState `db:"state" json:"state"`
	MovedAt    time.Time   `db:"moved_at" json:"moved_at"`
	ReceivedAt time.Time   `db:"received_at" json:"received_at"`
	PostedAt   time.Time   `db:"posted_at" json:"posted_at"`
	Round      int         `db:"round" json:"-"`
	Total      int         `db:"total" json:"total" doc:"rows found in the file"`
	Done       int         `db:"done" json:"done" doc:"rows checked so far"`
	Entered    int         `db:"entered" json:"entered" doc:"rows whose child is on file now"`
	Accepted   int         `db:"accepted" json:"accepted"`
	Held       int         `db:"held" json:"held"`
	Rejected   int         `db:"rejected" json:"rejected"`
	Duplicates int         `db:"duplicates" json:"duplicates"`
	Reason     string      `db:"reason" json:"reason" doc:"why it failed or could not be undone, in Chinese"`
	Sealed     []byte      `db:"sealed" json:"-"`
	ErasedAt   time.Time   `db:"erased_at" json:"erased_at" doc:"when file and rows were erased; the counts stay"`
	Version    int         `db:"version" json:"version"`
}

// Imports brings rosters into the register. The uploaded file is kept sealed
// in its own folder until the import has long been posted or undone; reading,
// checking and posting are jobs that take up where they stopped.
//
//	upload ─► received ─► read ─► checking ─► checked ─► posting ─► posted
//	                        ▲         │  a person: mapping,    │
//	                        └─────────┘  places, twins         └► undoing ─► undone
type Imports struct {
	service *Service
	queue   *jobs.Queue
	places  Places
	folder  string

	mu        sync.Mutex
	resolvers map[region.Code]*resolverOf
}

type resolverOf struct {
	book *region.Book
	day  clock.Day
	*region.Resolver
}

// NewImports returns the imports of a register, and takes on their jobs.
func NewImports(s *Service, queue *jobs.Queue, places Places, folder string) *Imports {
	m := &Imports{service: s, queue: queue, places: places, folder: folder, resolvers: map[region.Code]*resolverOf{}}
	m.takeJobs()
	return m
}

func (m *Imports) today() clock.Day { return clock.Today(m.service.clock) }

// resolver reads places for a county; it is made anew when the divisions or
// the day have changed.
func (m *Imports) resolver(county region.Code) *region.Resolver {
	book, today := m.places.Book(), m.today()
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.resolvers[county]; r != nil && r.book == book && r.day == today {
		return r.Resolver
	}
	r := &resolverOf{book, today, region.NewResolver(book, county, string(today))}
	m.resolvers[county] = r
	return r.Resolver
}

// office is the post under which the actor brings in a roster: the widest, if
// there are several.
func (m *Imports) office(ctx context.Context) (authz.Grant, error) {
	if err := m.service.rules.Need(ctx, "import.add"); err != nil {
		return authz.Grant{}, err
	}
	actor, _ := authz.ActorOf(ctx)
	var best authz.Grant
	for _, g := range actor.Grants {
		if (g.Role == authz.CivilAffairs || g.Role == authz.TownshipSupervisor) && region.Code(g.Region).Level() >= region.County &&
			(best.Region == "" || len(g.Prefix()) < len(best.Prefix())) {
			best = g
		}
	}
	if best.Region == "" {
		return best, fault.NewDenied("import.add", "请用县民政部门或乡镇儿童督导员的岗位导入名册。")
	}
	return best, nil
}

func (m *Imports) reader(office region.Code, decided func(string) (region.Code, bool)) *reader {
	county := office[:6] + "000000"
	return &reader{resolver: m.resolver(county), county: county, office: office, today: m.today(), decided: decided}
}

// placeNames gives what the county decided of places' names, and what the
// importing township decided for itself, which goes before.
func (m *Imports) placeNames(ctx context.Context, q store.Querier, office region.Code) (func(string) (region.Code, bool), error) {
	rows, err := store.All[struct {
		Text []byte `db:"text_index"`
		Code string `db:"code"`
	}](ctx, q, `
		select text_index, code from registry_place_name where county in (?, ?) order by county`, string(office[:6]+"000000"), string(office))
	if err != nil {
		return nil, fmt.Errorf("reading decided places: %w", err)
	}
	decided := map[string]region.Code{}
	for _, r := range rows {
		decided[string(r.Text)] = region.Code(r.Code)
	}
	day := string(m.today())
	return func(key string) (region.Code, bool) {
		code, ok := decided[string(m.placeIndex(key))]
		if !ok {
			return "", false
		}
		// A place decided once may have been merged into another since.
		if now := m.places.Book().Current(code, day); len(now) == 1 {
			return now[0], true
		}
		return "", false
	}, nil
}

func (m *Imports) placeIndex(key string) []byte { return m.service.keys.Index("place", key) }

// mappings gives the corrected mappings the county remembers, by fingerprint.
func (m *Imports) remembered(ctx context.Context, q store.Querier, county string, tables []sheet.Table) ([]sheet.Table, error) {
	prints := make([]any, len(tables))
	for i, t := range tables {
		prints[i] = t.Fingerprint()
	}
	if len(prints) == 0 {
		return tables, nil
	}
	rows, err := store.All[struct {
		Print   string `db:"fingerprint"`
		Mapping string `db:"mapping"`
	}](ctx, q, `
		select fingerprint, mapping from registry_mapping where county = ? and fingerprint in (`+store.Marks(len(prints))+`)`,
		append([]any{county}, prints...)...)
	if err != nil {
		return nil, fmt.Errorf("reading remembered mappings: %w", err)
	}
	for i, t := range tables {
		for _, r := range rows {
			if t.None != "" || r.Print != t.Fingerprint() {
				continue
			}
			mapping, err := parseMapping(r.Mapping)
			if err != nil {
				return nil, err
			}
			if fixed, err := t.WithMapping(mapping); err == nil { // else a field of then is none today
				tables[i] = fixed
			}
		}
	}
	return tables, nil
}

// importLimits bound what a roster may ask of this machine.
var importLimits = sheet.Limits{File: 64 << 20, Rows: 200_000}

// mostRows is how many children one roster may hold; a county's whole register
// is less than half of it.
const mostRows = 100_000

func tooMany() error {
	return fault.NewInvalid("import.too_many", "一份名册最多 %d 行，请按乡镇拆成几个文件再上传。", mostRows)
}

func noTable(tables []sheet.Table) error {
	for _, t := range tables {
		if t.None == "" {
			return nil
		}
	}
	return fault.NewInvalid("import.no_table", "没有在文件里认出名册：表头至少要有“姓名”和另一列。请检查后重新上传。")
}

// DryRun does all an import does to the file at path but write anything: what
// would be accepted, held and rejected, and why.
func (m *Imports) DryRun(ctx context.Context, path string) (*Report, error) {
	office, err := m.office(ctx)
	if err != nil {
		return nil, err
	}
	book, err := sheet.OpenFile(path, importLimits)
	if err != nil {
		return nil, err
	}
	defer book.Close()
	tables, err := book.Tables(rosterFields)
	if err != nil {
		return nil, err
	}
	if err := noTable(tables); err != nil {
		return nil, err
	}
	db := m.service.db
	county := office.Region[:6] + "000000"
	if tables, err = m.remembered(ctx, db, county, tables); err != nil {
		return nil, err
	}
	decided, err := m.placeNames(ctx, db, region.Code(office.Region))
	if err != nil {
		return nil, err
	}
	reader := m.reader(region.Code(office.Region), decided)
	c := &checker{service: m.service, reader: reader, index: newFileIndex()}
	report := &Report{Problems: []Problem{}}
	var batch []*checked
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := c.batch(ctx, db, batch); err != nil {
			return err
		}
		for _, x := range batch {
			report.count(x)
		}
		batch = batch[:0]
		return nil
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	for i, t := range tables {
		s := reader.sheetOf(t, name)
		c.sheets = append(c.sheets, s)
		if t.None != "" {
			continue
		}
		for row, err := range t.Rows() {
			if err != nil {
				return nil, err
			}
			if report.Rows+len(batch) >= mostRows {
				return nil, tooMany()
			}
			if batch = append(batch, &checked{reading: reader.read(s, takeRow(row)), Sheet: i}); len(batch) == batchRows {
				if err := flush(); err != nil {
					return nil, err
				}
			}
		}
	}
	return report, flush()
}

func importPlace(id, column string, version int) crypto.Place {
	return crypto.Place{Column: "registry_import." + column, ID: id, Version: version}
}
