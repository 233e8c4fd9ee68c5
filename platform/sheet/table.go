package sheet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"shouwang/platform/fault"
)

// Table is the table found in one sheet, or the reason why none was. It is a
// value: correcting a mapping makes another.
type Table struct {
	Sheet  string
	Hidden bool
	None   string // why the sheet holds no table, in Chinese; empty when it does

	Title string   // the first line above the table
	Above []string // every text above it: title, unit, date
	// HeaderRows are the sheet's own row numbers; none when the columns were
	// recognised by their values alone.
	HeaderRows []int
	Columns    []Column

	src      source
	merged   []merge
	words    *vocabulary
	fields   []Field
	byField  map[string]int // field to column
	problems int            // the column our own workbook added; 0 when none
}

// Column is one column of the table and the field it is thought to hold.
type Column struct {
	Index      int    // 1-based
	Header     string // as written, parent first: 父亲 | 姓名
	Field      string // empty when unknown
	Confidence float64
	How        How
	// Rival is the field the header rather suggests, held by another column.
	Rival string
	// Fit is the part of the first values that look like the field, or -1 when
	// that was not asked. Low means that columns may have slipped.
	Fit float64

	path []string
}

// Letter is the column as people name it.
func (c Column) Letter() string { return columnName(c.Index) }

const (
	headRows   = 120     // read ahead to find the header and to try values
	headerRows = 40      // the header is among these
	headBytes  = 8 << 20 // of text; a bound against absurd sheets
)

// Tables looks into every sheet, hidden ones too. A sheet without a table is
// listed with the reason.
func (b *Book) Tables(dictionary []Field) ([]Table, error) {
	m := newMatcher(dictionary)
	tables := make([]Table, 0, len(b.sheets))
	for _, src := range b.sheets {
		t, err := find(src, m, dictionary)
		if err != nil {
			return nil, fmt.Errorf("looking for a table: %w", err)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func find(src source, m *matcher, dictionary []Field) (Table, error) {
	t := Table{Sheet: src.sheet().Name, Hidden: src.sheet().Hidden, src: src, fields: dictionary}
	h, err := readHead(src)
	if err != nil {
		return t, err
	}
	if len(h.rows) == 0 {
		t.None = "这张工作表没有内容。"
		return t, nil
	}
	if t.merged, err = src.merges(); err != nil {
		return t, err
	}
	h.place(t.merged)
	found := h.bestHeader(m)
	if found == nil {
		found = h.headerless(m)
	}
	if found == nil {
		t.None = "没有认出表头：至少要有两列的名称是认识的。"
		return t, nil
	}
	h.probe(m, found)
	t.build(h, m, found)
	return t, nil
}

// head is the beginning of a sheet, held in memory.
type head struct {
	rows  []rawRow // rows with something in them
	width int
	// area[i][c] is the merged area over column c of rows[i], 1-based index
	// into merges; 0 is none.
	area   [][]int
	merges []merge
}

func readHead(src source) (*head, error) {
	h, held := &head{}, 0
	var failed error
	src.rows(func(r rawRow, err error) bool {
		if err != nil {
			failed = err
			return false
		}
		if len(r.cells) == 0 {
			return true
		}
		h.rows = append(h.rows, r)
		h.width = max(h.width, r.cells[len(r.cells)-1].column)
		for _, c := range r.cells {
			held += len(c.Text)
		}
		return len(h.rows) < headRows && held < headBytes
	})
	return h, failed
}

// place finds which merged area each header cell lies in. Areas that overlap
// are no areas: the first stands.
func (h *head) place(merges []merge) {
	h.merges = merges
	n := min(len(h.rows), headerRows+2)
	h.area = make([][]int, n)
	for i := range h.area {
		h.area[i] = make([]int, h.width+1)
		for j, m := range merges {
			if m.top > h.rows[i].number {
				break
			}
			if m.bottom < h.rows[i].number || m.left > h.width || h.area[i][m.left] != 0 {
				continue
			}
			for c := m.left; c <= min(m.right, h.width); c++ {
				h.area[i][c] = j + 1
			}
		}
	}
}

func (r rawRow) at(column int) Cell {
	i, ok := slices.BinarySearchFunc(r.cells, column, func(p placed, c int) int { return p.column - c })
	if !ok {
		return Cell{}
	}
	return r.cells[i].Cell
}

// text is what header row i says over column c, through merged areas, and the
// area it stands in.
func (h *head) text(i, c int) (string, int) {
	area := h.area[i][c]
	if area == 0 {
		return strings.TrimSpace(h.rows[i].at(c).Text), 0
	}
	m := h.merges[area-1]
	for j := i; j >= 0 && h.rows[j].number >= m.top; j-- {
		if h.rows[j].number == m.top {
			return strings.TrimSpace(h.rows[j].at(m.left).Text), area
		}
	}
	return "", area
}

// header is one reading of a sheet's beginning.
type header struct {
	first, count int // rows of head; count 0 means the columns have no header
	paths        [][]string
	labels       []label
	assigned     []assignment
	fit          []float64
	score        float64
	data         int // the first row of head after it
}

func (h *head) bestHeader(m *matcher) *header {
	var singles []*header
	for i := range min(len(h.rows), headerRows) {
		if c := h.read(m, i, 1); c != nil {
			singles = append(singles, c)
		}
	}
	top := 0.0
	for _, c := range singles {
		top = max(top, c.score)
	}
	// The first header that is half as good as any, not the best: a better
	// one below is another table's, and the rows between are data.
	first := slices.IndexFunc(singles, func(c *header) bool { return c.found() >= 2 && c.score >= top/2 })
	if first < 0 {
		return nil
	}
	best := singles[first]
	for _, window := range [...][2]int{{-1, 2}, {0, 2}, {-2, 3}, {-1, 3}, {0, 3}} {
		if c := h.read(m, singles[first].first+window[0], window[1]); c != nil && c.score > best.score+0.01 {
			best = c
		}
	}
	return best
}

func (c *header) found() (n int) {
	for _, a := range c.assigned {
		if a.field >= 0 {
			n++
		}
	}
	return n
}

// read takes rows first..first+count-1 for the header and says how well that
// goes. It returns nil where they cannot be one.
func (h *head) read(m *matcher, first, count int) *header {
	if first < 0 || first+count > len(h.area) {
		return nil
	}
	last := first + count - 1
	if h.rows[last].number-h.rows[first].number != count-1 {
		return nil // a blank line between: a title and its table
	}
	numbers := 0
	for _, c := range h.rows[last].cells {
		if c.Kind != Text || utf8.RuneCountInString(c.Text) > 60 {
			numbers++
		}
	}
	if 2*numbers >= len(h.rows[last].cells) && numbers > 0 {
		return nil
	}
	for i := first; i < last; i++ {
		if h.stacked(i, last) {
			return nil
		}
	}
	c := &header{first: first, count: count, paths: make([][]string, h.width), data: last + 1}
	groups := 0
	for i := first; i <= last; i++ {
		groups += h.addLevel(c, i, last)
	}
	c.labels = make([]label, h.width)
	deeper := count == 1
	for i, p := range c.paths {
		c.labels[i] = newLabel(p)
		deeper = deeper || len(p) > 1
	}
	if !deeper {
		return nil
	}
	c.assigned = m.assign(c.labels)
	for _, a := range c.assigned {
		if a.field >= 0 {
			c.score += a.score
		}
	}
	if groups >= 2 {
		// As good a reading with its group row is the better one to show; group
		// words the dictionary does not know cost each column a little.
		c.score += 0.05 + 0.01*float64(c.found())
	}
	for _, area := range h.area[first] {
		// 姓名 merged downward from this row: the header begins here.
		if area != 0 && count > 1 {
			if m := h.merges[area-1]; m.top == h.rows[first].number && m.bottom > m.top && m.bottom <= h.rows[last].number {
				c.score += 0.02
				break
			}
		}
	}
	return c
}

// stacked reports rows that stand above each other column by column, as a
// header does above its data; a group header spans what is below it.
func (h *head) stacked(upper, last int) bool {
	both := 0
	for _, cell := range h.rows[last].cells {
		c := cell.column
		alone := h.area[upper][c] == 0 && h.rows[upper].at(c).Text != ""
		if alone && (h.rows[upper].at(c+1).Text != "" || h.rows[last].at(c+1).Text == "") {
			both++
		}
	}
	return 2*both >= len(h.rows[last].cells)
}

// addLevel adds header row i to the columns' paths, and counts the group
// headers it holds.
func (h *head) addLevel(c *header, i, last int) (groups int) {
	filled := len(h.rows[i].cells)
	above, aboveColumn := "", 0
	for column := 1; column <= h.width; column++ {
		text, area := h.text(i, column)
		if area != 0 {
			m := h.merges[area-1]
			wide := m.right - m.left + 1
			if i < last && wide >= 3 && (filled == 1 && m.left == 1 || wide*10 >= h.width*9) {
				text = "" // a title
			} else if column == m.left && wide > 1 && text != "" && utf8.RuneCountInString(text) <= 12 && !strings.ContainsAny(text, "：:0123456789") {
				groups++
			}
			above = ""
		} else if i < last {
			// Without merging, a group header stands over its first column only.
			below := h.rows[last].at(column).Text
			switch {
			case text != "" && below != "":
				above, aboveColumn = text, column
			case text != "":
				above = ""
			case below != "" && above != "" && filled < len(h.rows[last].cells) && column > aboveColumn:
				text = above
			}
		}
		path := c.paths[column-1]
		if text == "" || len(path) > 0 && path[len(path)-1] == text {
			continue
		}
		c.paths[column-1] = append(path, text)
	}
	return groups
}

// headerless reads a sheet whose first row is data already.
func (h *head) headerless(m *matcher) *header {
	c := &header{paths: make([][]string, h.width), labels: make([]label, h.width), assigned: make([]assignment, h.width)}
	for i := range c.assigned {
		c.assigned[i] = assignment{field: -1, rival: -1}
	}
	h.probe(m, c)
	required, hasRequired := false, false
	for f := range m.fields {
		required = required || m.fields[f].Required && m.fields[f].Looks != nil
	}
	for _, a := range c.assigned {
		hasRequired = hasRequired || a.field >= 0 && m.fields[a.field].Required
	}
	if c.found() < 2 || required && !hasRequired {
		return nil
	}
	for c.data < len(h.rows) {
		fits := 0
		for i, a := range c.assigned {
			if a.field >= 0 && m.fields[a.field].Looks(h.rows[c.data].at(i+1).Text) {
				fits++
			}
		}
		if fits >= 2 {
			break
		}
		c.data++
	}
	c.fit = nil
	return c
}

// probe tries the first values: they name columns whose header says nothing,
// and shake confidence where they do not look like their field.
func (h *head) probe(m *matcher, c *header) {
	c.fit = make([]float64, h.width)
	taken := map[int]bool{}
	for _, a := range c.assigned {
		taken[a.field] = true
	}
	for i := range c.assigned {
		c.fit[i] = -1
		var values []string
		for _, r := range h.rows[min(c.data, len(h.rows)):] {
			if v := strings.TrimSpace(r.at(i + 1).Text); v != "" && len(values) < 50 {
				values = append(values, v)
			}
		}
		looks := func(f int) float64 {
			if m.fields[f].Looks == nil || len(values) < 3 {
				return -1
			}
			n := 0
			for _, v := range values {
				if m.fields[f].Looks(v) {
					n++
				}
			}
			return float64(n) / float64(len(values))
		}
		a := &c.assigned[i]
		if a.field >= 0 {
			c.fit[i] = looks(a.field)
			if c.fit[i] >= 0 && c.fit[i] < 0.2 {
				a.score *= 0.6
			}
			continue
		}
		if a.rival >= 0 {
			continue
		}
		// Where the header says something unknown, only a look that no other
		// field shares may overrule it.
		named := c.labels[i].full != ""
		var fits []int
		best := 0.8
		for f := range m.fields {
			if !named && taken[f] {
				continue
			}
			if s := looks(f); s > best {
				fits, best = []int{f}, s
			} else if s == best {
				fits = append(fits, f)
			}
		}
		if len(fits) > 1 && !named {
			fits = slices.DeleteFunc(fits, func(f int) bool { return len(m.fields[f].groups) > 0 })
		}
		if len(fits) == 1 && !taken[fits[0]] {
			taken[fits[0]] = true
			*a = assignment{field: fits[0], score: threshold, how: ByValues, rival: -1}
			c.fit[i] = best
		}
	}
}

// ProblemHeader heads the column that WriteProblems adds; a workbook that
// comes back with it is read as if it were not there.
const ProblemHeader = "问题（系统填写）"

func (t *Table) build(h *head, m *matcher, c *header) {
	for i := range c.count {
		t.HeaderRows = append(t.HeaderRows, h.rows[c.first+i].number)
	}
	above := c.first
	if c.count == 0 {
		above = c.data
	}
	for _, r := range h.rows[:above] {
		for _, cell := range r.cells {
			if text := strings.TrimSpace(cell.Text); text != "" {
				t.Above = append(t.Above, text)
			}
		}
	}
	if len(t.Above) > 0 {
		t.Title = t.Above[0]
	}
	problem := unbracket(fold(ProblemHeader))
	for i, a := range c.assigned {
		if c.labels[i].full == problem {
			t.problems = i + 1
			continue
		}
		col := Column{Index: i + 1, Header: strings.Join(c.paths[i], " | "), Fit: -1, path: c.paths[i]}
		if c.fit != nil {
			col.Fit = c.fit[i]
		}
		if a.field >= 0 {
			col.Field, col.How = m.fields[a.field].Key, a.how
			col.Confidence = math.Round(a.score*100) / 100
		}
		if a.rival >= 0 {
			col.Rival = m.fields[a.rival].Key
		}
		t.Columns = append(t.Columns, col)
	}
	t.words = newVocabulary(m, t.Columns)
	t.index()
}

func (t *Table) index() {
	t.byField = map[string]int{}
	for _, c := range t.Columns {
		if c.Field != "" {
			t.byField[c.Field] = c.Index
		}
	}
}

// Mapping is which column holds which field.
func (t Table) Mapping() map[int]string {
	mapping := map[int]string{}
	for field, column := range t.byField {
		mapping[column] = field
	}
	return mapping
}

// WithMapping is the table as a person says it is to be read: exactly these
// columns, no others. It returns Invalid for a column or field that is not
// there and for a field given twice.
func (t Table) WithMapping(mapping map[int]string) (Table, error) {
	t.Columns = slices.Clone(t.Columns)
	given := map[string]bool{}
	for _, column := range slices.Sorted(maps.Keys(mapping)) {
		field := mapping[column]
		known := slices.ContainsFunc(t.fields, func(f Field) bool { return f.Key == field })
		i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Index == column })
		if !known || i < 0 {
			return Table{}, fault.NewInvalid("sheet.mapping", "第 %d 列的对应关系不对，请重新选择。", column)
		}
		if given[field] {
			return Table{}, fault.NewInvalid("sheet.mapping_twice", "有两列选了同一项内容，请只留一列。")
		}
		given[field] = true
	}
	for i, c := range t.Columns {
		if field := mapping[c.Index]; field != c.Field {
			t.Columns[i].Field, t.Columns[i].Fit, t.Columns[i].Rival = field, -1, ""
			t.Columns[i].Confidence, t.Columns[i].How = 0, NotFound
			if field != "" {
				t.Columns[i].Confidence, t.Columns[i].How = 1, ByPerson
			}
		}
	}
	t.index()
	return t, nil
}

// Fingerprint is the same for tables with the same headers in the same
// columns, so that a mapping someone corrected can be remembered.
func (t Table) Fingerprint() string {
	sum := sha256.New()
	for _, c := range t.Columns {
		if len(c.path) > 0 {
			fmt.Fprintf(sum, "%d", c.Index)
			for _, p := range c.path {
				fmt.Fprintf(sum, "|%s", fold(p))
			}
			fmt.Fprintln(sum)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
