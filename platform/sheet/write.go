package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"shouwang/platform/fault"
)

// Properties go into the workbook's own description, where they follow the
// file. The watermark says who took it out and when.
type Properties struct {
	Title     string
	Watermark string
}

// Heading is one column of a sheet to write.
type Heading struct {
	Name  string
	Width float64 // in characters; 0 chooses by the name
	// Text keeps what is typed into the column later as text: identity numbers
	// and telephones, which Excel would otherwise round.
	Text bool
}

// Writer writes a workbook, sheet after sheet and row after row. Rows go to
// temporary files beyond 16 MiB; Close removes them whether or not it could
// write the workbook.
type Writer struct {
	out    io.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	styles struct{ title, header, text, number, date, moment int }
	wrong  map[int]int // a style to its coloured twin
	names  map[string]bool
	name   string
	cols   []Heading
	row    int
	failed error
}

const chineseFont = "宋体"

// lone is text that looks like the escape of half a character. excelize drops
// it without a word; an invisible space keeps it.
var lone = regexp.MustCompile(`_(x[dD][89a-fA-F][0-9a-fA-F]{2}_)`)

// NewWriter begins a workbook; nothing reaches out before Close.
func NewWriter(out io.Writer, p Properties) (*Writer, error) {
	w := &Writer{out: out, file: excelize.NewFile(), names: map[string]bool{}}
	style := func(id *int, s excelize.Style) {
		if s.Font == nil {
			s.Font = &excelize.Font{Family: chineseFont, Size: 11}
		}
		n, err := w.file.NewStyle(&s)
		*id, w.failed = n, errors.Join(w.failed, err)
	}
	middle := &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}
	line := []excelize.Border{{Type: "left", Color: "BFBFBF", Style: 1}, {Type: "right", Color: "BFBFBF", Style: 1},
		{Type: "top", Color: "BFBFBF", Style: 1}, {Type: "bottom", Color: "BFBFBF", Style: 1}}
	fill := func(color string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
	}
	day, moment := "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
	style(&w.styles.title, excelize.Style{Font: &excelize.Font{Family: "黑体", Size: 14}})
	style(&w.styles.header, excelize.Style{Font: &excelize.Font{Family: "黑体", Size: 11}, Alignment: middle, Border: line, Fill: fill("DDEBF7")})
	style(&w.styles.text, excelize.Style{NumFmt: 49}) // @: text, also what is typed later
	style(&w.styles.number, excelize.Style{})
	style(&w.styles.date, excelize.Style{CustomNumFmt: &day})
	style(&w.styles.moment, excelize.Style{CustomNumFmt: &moment})
	w.wrong = map[int]int{0: 0}
	for id, s := range map[*int]excelize.Style{&w.styles.text: {NumFmt: 49}, &w.styles.number: {}, &w.styles.date: {CustomNumFmt: &day}, &w.styles.moment: {CustomNumFmt: &moment}} {
		s.Fill = fill("FFE699")
		var twin int
		style(&twin, s)
		w.wrong[*id] = twin
	}
	now := time.Now().UTC().Format(time.RFC3339)
	w.failed = errors.Join(w.failed,
		w.file.SetDefaultFont(chineseFont),
		w.file.SetDocProps(&excelize.DocProperties{
			Title: p.Title, Description: p.Watermark, Language: "zh-CN",
			Creator: "守望", LastModifiedBy: "守望", Created: now, Modified: now,
		}))
	if w.failed != nil {
		return nil, errors.Join(fmt.Errorf("beginning a workbook: %w", w.failed), w.file.Close())
	}
	return w, nil
}

// Sheet begins a sheet with one header row, frozen above what scrolls.
func (w *Writer) Sheet(name string, columns []Heading) error {
	if err := w.begin(name, columns, 1); err != nil {
		return err
	}
	cells := make([]any, len(columns))
	for i, c := range columns {
		cells[i] = excelize.Cell{StyleID: w.styles.header, Value: inert(c.Name)}
	}
	w.row = 1
	return w.keep("writing headers", w.stream.SetRow("A1", cells, excelize.RowOpts{Height: 30}))
}

// begin opens a sheet whose first rows stay in sight.
func (w *Writer) begin(name string, columns []Heading, frozen int) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.name, w.cols, w.row = w.freeName(name), columns, 0
	if len(w.names) == 1 {
		w.keep("naming a sheet", w.file.SetSheetName("Sheet1", w.name))
	} else {
		_, err := w.file.NewSheet(w.name)
		w.keep("adding a sheet", err)
	}
	if w.failed != nil {
		return w.failed
	}
	var err error
	if w.stream, err = w.file.NewStreamWriter(w.name); err != nil {
		return w.keep("opening a sheet", err)
	}
	for i, c := range columns {
		width := c.Width
		if width <= 0 {
			width = min(40, max(10, 2*float64(utf8.RuneCountInString(c.Name))+2))
		}
		w.keep("setting widths", w.stream.SetColWidth(i+1, i+1, width))
		if c.Text {
			w.keep("setting styles", w.stream.SetColStyle(i+1, i+1, w.styles.text))
		}
	}
	return w.keep("freezing the header", w.stream.SetPanes(&excelize.Panes{
		Freeze: true, YSplit: frozen, TopLeftCell: fmt.Sprintf("A%d", frozen+1), ActivePane: "bottomLeft",
	}))
}

// keep remembers the first failure: after it nothing more is written.
func (w *Writer) keep(doing string, err error) error {
	if err != nil && w.failed == nil {
		w.failed = fmt.Errorf("%s: %w", doing, err)
	}
	return w.failed
}

// freeName makes a sheet name that Excel takes and that is not there yet.
func (w *Writer) freeName(name string) string {
	name = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) || r < ' ' {
			return ' '
		}
		return r
	}, name), " '")
	if name == "" {
		name = "名单"
	}
	cut := func(n int) string {
		u := utf16.Encode([]rune(name))
		for len(u) > n || len(u) > 0 && utf16.IsSurrogate(rune(u[len(u)-1])) && u[len(u)-1] < 0xDC00 {
			u = u[:len(u)-1]
		}
		return string(utf16.Decode(u))
	}
	free := cut(31)
	for n := 2; w.names[strings.ToLower(free)]; n++ {
		free = cut(26) + fmt.Sprintf("(%d)", n)
	}
	w.names[strings.ToLower(free)] = true
	return free
}

// Row adds a row. Text stays text whatever it begins with; numbers and dates
// stay what they are.
func (w *Writer) Row(cells ...Cell) error {
	w.row++
	return w.put(w.row, cells, nil)
}

// put writes one row; wrong marks cells by their place in it.
func (w *Writer) put(row int, cells []Cell, wrong map[int]bool) error {
	if w.stream == nil && w.failed == nil {
		w.failed = errors.New("a row before any sheet")
	}
	if w.failed != nil {
		return w.failed
	}
	if row > 1<<20 {
		return w.keep("writing a row", errTooManyRows(1<<20))
	}
	values := make([]any, len(cells))
	for i, c := range cells {
		v := excelize.Cell{StyleID: w.styles.text}
		switch c.Kind {
		case Empty, Uncomputed:
			if !wrong[i] {
				continue
			}
		case Number:
			v.Value, v.StyleID = c.Number, w.styles.number
		case Date:
			if t, ok := c.Date(); !ok {
				v.Value = inert(c.Text)
			} else if v.Value, v.StyleID = c.serial1900(), w.styles.date; t.Hour()+t.Minute()+t.Second() > 0 {
				v.StyleID = w.styles.moment
			}
		case Bool:
			v.Value, v.StyleID = c.Number != 0, w.styles.number
		default:
			if len(utf16.Encode([]rune(c.Text)))+1 > excelize.TotalCellChars {
				return w.keep("writing a row", fault.NewInvalid("sheet.long_cell_out", "有一格文字超过 32766 个字，表格放不下。"))
			}
			v.Value = inert(lone.ReplaceAllString(c.Text, "_\u200b$1"))
		}
		if wrong[i] {
			v.StyleID = w.wrong[v.StyleID]
		}
		values[i] = v
	}
	w.row = row
	return w.keep("writing a row", w.stream.SetRow(fmt.Sprintf("A%d", row), values))
}

func (c Cell) serial1900() float64 {
	if c.Epoch1904 {
		return c.Number + 1462
	}
	return c.Number
}

func (w *Writer) flush() error {
	if w.failed != nil || w.stream == nil {
		return w.failed
	}
	err := w.stream.Flush()
	w.stream = nil
	return w.keep("finishing a sheet", err)
}

// Close writes the workbook out, unless something failed before.
func (w *Writer) Close() error {
	if len(w.names) == 0 && w.failed == nil {
		w.failed = errors.New("a workbook without sheets")
	}
	if w.flush() == nil {
		_, err := w.file.WriteTo(w.out)
		w.keep("writing the workbook", err)
	}
	return errors.Join(w.failed, w.file.Close())
}

// CSVWriter writes UTF-8 with a byte order mark, so that Excel in China reads
// the characters right. A CSV is for programs: opened by double click, Excel
// rounds identity numbers in it. Give people a workbook.
type CSVWriter struct {
	out *csv.Writer
	bom func() error
}

// NewCSVWriter begins a CSV on out.
func NewCSVWriter(out io.Writer) *CSVWriter {
	return &CSVWriter{out: csv.NewWriter(out), bom: func() error {
		_, err := io.WriteString(out, "\ufeff")
		return err
	}}
}

// Row adds a row.
func (w *CSVWriter) Row(cells ...Cell) error {
	if w.bom != nil {
		if err := w.bom(); err != nil {
			return fmt.Errorf("writing a CSV: %w", err)
		}
		w.bom = nil
	}
	record := make([]string, len(cells))
	for i, c := range cells {
		record[i] = c.Text
		if c.Kind != Number || strings.Trim(c.Text, "-0123456789.eE+") != "" {
			record[i] = inert(c.Text)
		}
	}
	if err := w.out.Write(record); err != nil {
		return fmt.Errorf("writing a CSV: %w", err)
	}
	return nil
}

// Close sends what is still held.
func (w *CSVWriter) Close() error {
	w.out.Flush()
	return w.out.Error()
}
