package sheet

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Problem is something a row must have set right before it can be taken.
type Problem struct {
	Sheet   string
	Row     int // the sheet's own number
	Column  int // 1-based; 0 when the whole row is meant
	Code    string
	Message string // Chinese, for the person who mends it
}

// comments beyond this many would make the workbook slow to open; the last
// column says everything all the same.
const maxComments = 1000

// WriteProblems writes a workbook for people to mend and bring back: of each
// table its title and header as they were, then the rows that have problems,
// with every value as it was and a last column that says what is wrong. Rows
// without problems stay out, so that bringing it back brings nothing twice.
// What a merged area said is written in each row. Read again, it gives the
// same mapping.
func WriteProblems(out io.Writer, tables []Table, problems []Problem, p Properties) error {
	w, err := NewWriter(out, p)
	if err != nil {
		return err
	}
	comments, written := 0, 0
	for _, t := range tables {
		bad := map[int][]Problem{}
		for _, problem := range problems {
			if problem.Sheet == t.Sheet {
				bad[problem.Row] = append(bad[problem.Row], problem)
			}
		}
		if t.None != "" || len(bad) == 0 {
			continue
		}
		written++
		if err := w.problemSheet(t, bad, &comments); err != nil {
			_ = w.keep("writing problems", err)
			break
		}
	}
	if written == 0 {
		_ = w.keep("writing problems", w.Sheet("问题", []Heading{{Name: "没有需要修改的内容", Width: 40}}))
	}
	return w.Close()
}

func (w *Writer) problemSheet(t Table, bad map[int][]Problem, comments *int) error {
	last := max(0, t.problems-1)
	for _, c := range t.Columns {
		last = max(last, c.Index)
	}
	// A row may reach beyond the header; the problems stand after all of it.
	for row, err := range t.All() {
		if err != nil {
			return err
		}
		if n := len(row.cells); n > 0 && bad[row.Number] != nil && row.cells[n-1].column != t.problems {
			last = max(last, row.cells[n-1].column)
		}
	}
	columns := make([]Heading, last+1)
	for i := range columns {
		columns[i].Width = 14
	}
	columns[last].Width = 60
	header := 1
	if n := len(t.HeaderRows); n > 0 {
		header = t.HeaderRows[n-1]
	}
	if err := w.begin(t.Sheet, columns, header); err != nil {
		return err
	}
	if err := w.copyTop(t, header, last); err != nil {
		return err
	}
	for row, err := range t.All() {
		if err != nil {
			return err
		}
		if list := bad[row.Number]; list != nil {
			if err := w.problemRow(row, list, last, comments); err != nil {
				return err
			}
		}
	}
	return w.failed
}

func (w *Writer) problemRow(row Row, list []Problem, last int, comments *int) error {
	cells, about := row.table.spread(row.cells, last), map[int]string{}
	wrong := map[int]bool{}
	said := make([]string, len(list))
	for i, problem := range list {
		said[i] = problem.Message
		if problem.Column < 1 || problem.Column > last {
			continue
		}
		if wrong[problem.Column-1] {
			about[problem.Column] += "；"
		}
		wrong[problem.Column-1] = true
		about[problem.Column] += problem.Message
	}
	cells[last] = TextCell(fmt.Sprintf("原第 %d 行：%s", row.Number, strings.Join(said, "；")))
	if err := w.put(w.row+1, cells, wrong); err != nil {
		return err
	}
	for _, column := range slices.Sorted(maps.Keys(about)) {
		if *comments++; *comments > maxComments {
			break
		}
		w.keep("writing a comment", w.file.AddComment(w.name, excelize.Comment{
			Author: "守望", Cell: fmt.Sprintf("%s%d", columnName(column), w.row), Text: about[column],
		}))
	}
	return w.failed
}

// copyTop writes what stands above the data, merged as it was. A table that
// had no header gets the fields' own names for one.
func (w *Writer) copyTop(t Table, header, last int) error {
	put := func(row, style int, cells []Cell) error {
		if row == header {
			cells[last] = TextCell(ProblemHeader)
		}
		values := make([]any, len(cells))
		for i, c := range cells {
			if c.Kind != Empty {
				values[i] = excelize.Cell{StyleID: style, Value: inert(c.Text)}
			}
		}
		w.row = row
		return w.keep("copying the header", w.stream.SetRow(fmt.Sprintf("A%d", row), values))
	}
	if len(t.HeaderRows) == 0 {
		cells := make([]Cell, last+1)
		for _, f := range t.fields {
			if column, ok := t.byField[f.Key]; ok {
				name := f.Names[0]
				if len(f.Group) > 0 && !strings.Contains(name, f.Group[0]) {
					name = f.Group[0] + name
				}
				cells[column-1] = TextCell(name)
			}
		}
		return put(header, w.styles.header, cells)
	}
	var failed error
	t.src.rows(func(raw rawRow, err error) bool {
		if err != nil {
			failed = err
			return false
		}
		if raw.number > header {
			return false
		}
		style := w.styles.title
		if slices.Contains(t.HeaderRows, raw.number) {
			style = w.styles.header
		}
		failed = put(raw.number, style, t.spread(raw.cells, last))
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	for _, m := range t.merged {
		if m.bottom <= header && m.right <= last && (m.top != m.bottom || m.left != m.right) {
			w.keep("copying merged cells", w.stream.MergeCell(
				fmt.Sprintf("%s%d", columnName(m.left), m.top), fmt.Sprintf("%s%d", columnName(m.right), m.bottom)))
		}
	}
	return w.failed
}

// spread lays a row's cells out by column, with room for the problems after
// them; those of an earlier round are left out.
func (t *Table) spread(cells []placed, last int) []Cell {
	row := make([]Cell, last+1)
	for _, c := range cells {
		if c.column <= last && c.column != t.problems {
			row[c.column-1] = c.Cell
		}
	}
	return row
}
