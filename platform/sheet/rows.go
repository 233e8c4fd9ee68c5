package sheet

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"shouwang/platform/fault"
)

// Reason says why a row is no data.
type Reason string

const (
	Data           Reason = ""
	Blank          Reason = "blank"
	Total          Reason = "total"     // 小计、合计
	Note           Reason = "note"      // 说明、备注、示例
	Signature      Reason = "signature" // 填表人、审核人
	RepeatedHeader Reason = "header"    // pages glued together, or a row of column numbers
	Section        Reason = "section"   // a line across the table, such as a village's name
	Sparse         Reason = "sparse"    // no required field and fewer than two known values
)

// Row is one row of a table.
type Row struct {
	Number int    // the sheet's own, from 1
	Skip   Reason // Data, or why not
	// Section is the latest line across the table above this row; the village
	// may stand there.
	Section string

	table *Table
	cells []placed
}

// Cell is the row's value of a field; Empty when there is none.
func (r Row) Cell(field string) Cell {
	column, ok := r.table.byField[field]
	if !ok {
		return Cell{}
	}
	return r.Column(column)
}

// Column is the row's value in a column.
func (r Row) Column(column int) Cell { return rawRow{cells: r.cells}.at(column) }

// Extra is a value no field claims; it may carry a fact all the same.
type Extra struct {
	Column int
	Header string // or the column's letter
	Cell   Cell
}

// Extras lists the values outside the mapping.
func (r Row) Extras() []Extra {
	var list []Extra
	for _, c := range r.cells {
		if c.column == r.table.problems {
			continue
		}
		e := Extra{Column: c.column, Header: columnName(c.column), Cell: c.Cell}
		mapped := false
		if i := r.table.columnAt(c.column); i >= 0 {
			mapped = r.table.Columns[i].Field != ""
			if h := r.table.Columns[i].Header; h != "" {
				e.Header = h
			}
		}
		if !mapped {
			list = append(list, e)
		}
	}
	return list
}

func (t *Table) columnAt(column int) int {
	// Columns are contiguous but for the problem column.
	i := column - 1
	if t.problems != 0 && column > t.problems {
		i--
	}
	if i < 0 || i >= len(t.Columns) || t.Columns[i].Index != column {
		return -1
	}
	return i
}

// Rows are the data rows, read as they are asked for. An error ends them:
// what came before it is not the whole table.
func (t Table) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for row, err := range t.All() {
			if err == nil && row.Skip != Data {
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// All are the rows below the header, those that are no data too, each with
// the reason; so that the caller's counts add up.
func (t Table) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if t.None != "" || t.src == nil {
			return
		}
		first := 1
		if n := len(t.HeaderRows); n > 0 {
			first = t.HeaderRows[n-1] + 1
		}
		section := ""
		fill := filler{merges: t.merged}
		t.src.rows(func(raw rawRow, err error) bool {
			if err != nil {
				return yield(Row{}, fmt.Errorf("reading rows: %w", err))
			}
			own := raw.cells
			raw.cells = fill.fill(raw)
			if raw.number < first {
				return true
			}
			reason, err := t.judge(raw.number, own)
			if err != nil {
				yield(Row{Number: raw.number}, err)
				return false
			}
			if reason == Section {
				section = strings.TrimSpace(own[0].Text)
			}
			return yield(Row{Number: raw.number, Skip: reason, Section: section, table: &t, cells: raw.cells}, nil)
		})
	}
}

// filler carries a merged area's content down to its later rows.
type filler struct {
	merges []merge
	next   int
	open   []area
}

type area struct {
	column, bottom int
	cell           Cell
}

func (f *filler) fill(row rawRow) []placed {
	f.open = slices.DeleteFunc(f.open, func(a area) bool { return a.bottom < row.number })
	cells := row.cells
	if len(cells) > 0 && len(f.open) > 0 {
		cells = make([]placed, 0, len(row.cells)+len(f.open))
		next := 0
		for _, c := range row.cells { // what the row itself holds stands
			for ; next < len(f.open) && f.open[next].column <= c.column; next++ {
				if f.open[next].column < c.column {
					cells = append(cells, placed{f.open[next].column, f.open[next].cell})
				}
			}
			cells = append(cells, c)
		}
		for ; next < len(f.open); next++ {
			cells = append(cells, placed{f.open[next].column, f.open[next].cell})
		}
	}
	for ; f.next < len(f.merges) && f.merges[f.next].top <= row.number; f.next++ {
		m := f.merges[f.next]
		c := row.at(m.left)
		if m.bottom == m.top || m.top != row.number || c.Kind == Empty {
			continue
		}
		at, taken := slices.BinarySearchFunc(f.open, m.left, func(a area, column int) int { return a.column - column })
		if !taken { // areas that overlap are no areas: the first stands
			c.Merged = true
			f.open = slices.Insert(f.open, at, area{m.left, m.bottom, c})
		}
	}
	return cells
}

var (
	totalLine     = regexp.MustCompile(`^\p{Han}{0,8}(小计|合计|总计|共计|累计)[::]?\s*[\d,.]*\s*[人名户个]?$`)
	noteLine      = regexp.MustCompile(`^(\d?\s*[.、]?\s*(说明|备注|附注|填表说明|注意事项|填写说明|注)\s*\d?\s*[::]|(示例|样例|例如|例)([::]|$))`)
	signatureLine = regexp.MustCompile(`^(填表人?|制表人?|填报人?|填报单位|填报日期|填报时间|填表日期|填表时间|制表日期|审核人?|复核人?|审批人?|单位负责人|主要负责人|分管领导|经办人|联系人|联系电话|村\(居\)委会|签字|盖章|单位\(盖章\))(\s*\([^)]*\))?\s*([::]|$)`)
	narrow        = strings.NewReplacer("：", ":", "（", "(", "）", ")", "　", " ")
)

// judge says whether a row is data, going by its own cells: what a merged area
// carries down is the row above's.
func (t *Table) judge(number int, own []placed) (Reason, error) {
	cells := own
	if t.problems != 0 {
		cells = nil
		for _, c := range own {
			if c.column != t.problems {
				cells = append(cells, c)
			}
		}
	}
	filled := 0
	var first placed
	for _, c := range cells {
		if strings.TrimSpace(c.Text) != "" || c.Kind == Uncomputed {
			if filled++; filled == 1 {
				first = c
			}
		}
	}
	if filled == 0 {
		return Blank, nil
	}
	if repeated, other := t.words.header(cells, filled); repeated {
		return RepeatedHeader, nil
	} else if other {
		return "", fault.NewInvalid("sheet.second_table", "第 %d 行又有一个不同的表头。请把下面的表格移到另一张工作表，再上传。", number)
	}
	if columnNumbers(cells, filled) {
		return RepeatedHeader, nil
	}
	if first.Kind == Text && utf8.RuneCountInString(first.Text) <= 200 {
		switch text := strings.TrimSpace(narrow.Replace(first.Text)); {
		case totalLine.MatchString(strings.ReplaceAll(text, " ", "")):
			return Total, nil
		case noteLine.MatchString(text):
			return Note, nil
		case signatureLine.MatchString(text) && 2*filled <= len(t.Columns)+1:
			return Signature, nil
		}
	}
	mapped, required := 0, false
	for _, c := range cells {
		if strings.TrimSpace(c.Text) == "" && c.Kind != Uncomputed {
			continue
		}
		i := t.columnAt(c.column)
		if i < 0 || t.Columns[i].Field == "" {
			continue
		}
		mapped++
		required = required || t.words.required[t.Columns[i].Field]
	}
	if filled == 1 && first.Kind == Text {
		switch across, down := t.spans(number, first.column); {
		case down: // a group's name whose rows follow
		case utf8.RuneCountInString(first.Text) > 40:
			return Note, nil
		case across, !required && first.column == t.Columns[0].Index:
			return Section, nil
		}
	}
	if required || mapped >= 2 {
		return Data, nil
	}
	return Sparse, nil
}

// spans reports whether the cell is merged over three columns or more, or
// downward.
func (t *Table) spans(row, column int) (across, down bool) {
	low, high := 0, len(t.merged)
	for low < high { // the first area that begins in this row
		if mid := (low + high) / 2; t.merged[mid].top < row {
			low = mid + 1
		} else {
			high = mid
		}
	}
	for ; low < len(t.merged) && t.merged[low].top == row; low++ {
		if m := t.merged[low]; m.left == column {
			return m.right-m.left >= 2, m.bottom > m.top
		}
	}
	return false, false
}

// columnNumbers recognises the row 1 2 3 4 … under a header.
func columnNumbers(cells []placed, filled int) bool {
	if filled < 3 || filled != len(cells) {
		return false
	}
	for i, c := range cells {
		if c.Text != fmt.Sprint(i+1) {
			return false
		}
	}
	return true
}

// vocabulary is what headers may say, for telling a header row among the data
// at the price of one look-up a cell.
type vocabulary struct {
	known    map[string]bool
	here     map[int]map[string]bool // by column of this table
	required map[string]bool
}

func newVocabulary(m *matcher, columns []Column) *vocabulary {
	v := &vocabulary{known: map[string]bool{}, here: map[int]map[string]bool{}, required: map[string]bool{}}
	for _, f := range m.fields {
		v.required[f.Key] = f.Required
		for _, n := range f.Names {
			v.known[n] = true
			for _, g := range f.Group {
				v.known[g+n] = true
			}
		}
	}
	for _, c := range columns {
		v.here[c.Index] = map[string]bool{}
		for _, p := range c.path {
			v.here[c.Index][p], v.known[p] = true, true
		}
	}
	return v
}

// header reports a row that repeats this table's header, or is another's.
func (v *vocabulary) header(cells []placed, filled int) (repeated, other bool) {
	if filled < 2 {
		return false, false
	}
	same, known := 0, 0
	for _, c := range cells {
		text := strings.TrimSpace(c.Text)
		if v.here[c.column][text] {
			same++
		}
		if v.known[text] {
			known++
		}
	}
	switch {
	case 5*same >= 3*filled && same >= 2:
		return true, false
	case known >= 3 && 5*known >= 3*filled:
		return false, true
	}
	return false, false
}
