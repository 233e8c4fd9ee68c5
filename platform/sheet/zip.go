package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"shouwang/platform/fault"
)

// workbook is an opened .xlsx.
type workbook struct {
	parts     map[string]*zip.File // by lower-case name
	limits    Limits
	strings   *stringTable
	dateStyle []bool // by cell style
	epoch1904 bool
}

// directoryReader stops the archive's directory from filling memory: each
// entry costs several times its bytes, and archive/zip reads them all.
type directoryReader struct {
	r    io.ReaderAt
	left int
	open bool // the directory is read; no more counting
}

func (d *directoryReader) ReadAt(p []byte, off int64) (int, error) {
	if !d.open {
		if d.left -= len(p); d.left < 0 {
			return 0, errTooManyParts
		}
	}
	return d.r.ReadAt(p, off)
}

var errTooManyParts = errors.New("the archive's directory is too long")

func openZip(r io.ReaderAt, size int64, limits Limits) (*Book, error) {
	dir := &directoryReader{r: r, left: 1<<20 + 256*limits.Parts}
	z, err := zip.NewReader(dir, size)
	if errors.Is(err, errTooManyParts) {
		return nil, errBomb(err)
	} else if err != nil {
		return nil, errDamaged(fmt.Errorf("reading the archive's directory: %w", err))
	}
	dir.open = true
	w := &workbook{parts: make(map[string]*zip.File, len(z.File)), limits: limits}
	if len(z.File) > limits.Parts {
		return nil, errBomb(fmt.Errorf("%d parts", len(z.File)))
	}
	total := uint64(0)
	for _, f := range z.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))
		if _, twice := w.parts[name]; twice {
			return nil, errDamaged(errors.New("two parts of one name"))
		}
		w.parts[name] = f
		// archive/zip gives no more bytes than declared, so the declared sizes
		// bound the real ones.
		n := f.UncompressedSize64
		if total += n; total > uint64(limits.Inflated) || n > uint64(limits.Inflated) {
			return nil, errBomb(errors.New("declared sizes exceed the limit"))
		}
		// Sheets of real offices stay below 60:1; deflate can reach 1032:1.
		if n > 16<<20 && n/250 > f.CompressedSize64 {
			return nil, errBomb(errors.New("a part is compressed beyond reason"))
		}
	}
	if err := w.refuseOthers(); err != nil {
		return nil, err
	}
	b, err := w.open()
	if err != nil {
		return nil, asFault(fmt.Errorf("reading the workbook: %w", err))
	}
	return b, nil
}

// refuseOthers says what a zip that is no plain .xlsx is.
func (w *workbook) refuseOthers() error {
	for name, f := range w.parts {
		if f.Flags&1 != 0 {
			return errLocked()
		}
		if strings.HasSuffix(name, "vbaproject.bin") || strings.Contains(name, "/macrosheets/") {
			return fault.NewInvalid("sheet.macros", "这个表格带有宏，为安全起见不能上传。请另存为不带宏的 .xlsx 再上传。")
		}
	}
	switch {
	case w.parts["[content_types].xml"] != nil && w.parts["xl/workbook.bin"] != nil:
		return fault.NewInvalid("sheet.xlsb", "这是二进制格式（.xlsb）的表格。请另存为 .xlsx 再上传。")
	case w.parts["word/document.xml"] != nil:
		return fault.NewInvalid("sheet.docx", "这是 Word 文档。请把表格复制到 WPS 表格或 Excel 里，另存为 .xlsx 再上传。")
	case w.parts["ppt/presentation.xml"] != nil:
		return fault.NewInvalid("sheet.pptx", "这是演示文稿，不是表格。请上传 .xlsx 或 .csv 文件。")
	case w.parts["mimetype"] != nil && w.parts["content.xml"] != nil:
		return fault.NewInvalid("sheet.ods", "这是 OpenDocument（.ods）文件。请另存为 .xlsx 再上传。")
	case w.parts["[content_types].xml"] == nil && w.parts["xl/workbook.xml"] == nil:
		return errArchive()
	}
	return nil
}

// asFault makes a reading error one that a person can act on; faults that
// already say so pass.
func asFault(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return errDamaged(err)
}

func (w *workbook) stream(name string) (*xmlStream, io.Closer, error) {
	f := w.parts[strings.ToLower(name)]
	if f == nil {
		return nil, nil, fmt.Errorf("part %q is missing", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("opening part %q: %w", name, err)
	}
	return newXMLStream(r), r, nil
}

// each walks the start tags of one small part.
func (w *workbook) each(name string, do func(xml.StartElement, string) error) error {
	x, c, err := w.stream(name)
	if err != nil {
		return err
	}
	defer c.Close()
	var parents []string
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			parent := ""
			if len(parents) > 0 {
				parent = parents[len(parents)-1]
			}
			if err := do(t, parent); err != nil {
				return err
			}
			parents = append(parents, t.Name.Local)
		case xml.EndElement:
			parents = parents[:len(parents)-1]
		}
	}
}

// targets reads the relations of a part: id to name, and the first of the
// wanted kinds.
func (w *workbook) targets(of string) (byID, byKind map[string]string, err error) {
	byID, byKind = map[string]string{}, map[string]string{}
	dir, name := path.Split(of)
	rels := path.Join(dir, "_rels", name+".rels")
	err = w.each(rels, func(e xml.StartElement, _ string) error {
		if e.Name.Local != "Relationship" || attr(e, "TargetMode") == "External" {
			return nil
		}
		target := strings.ReplaceAll(attr(e, "Target"), `\`, "/")
		if rooted, ok := strings.CutPrefix(target, "/"); ok {
			target = rooted
		} else {
			target = path.Join(dir, target)
		}
		byID[attr(e, "Id")] = target
		byKind[path.Base(attr(e, "Type"))] = target
		if len(byID) > w.limits.Parts {
			return errBomb(errors.New("too many relations"))
		}
		return nil
	})
	return byID, byKind, err
}

func (w *workbook) open() (*Book, error) {
	main := "xl/workbook.xml"
	if w.parts["_rels/.rels"] != nil {
		_, kinds, err := w.targets("")
		if err != nil {
			return nil, err
		}
		if kinds["officeDocument"] != "" {
			main = kinds["officeDocument"]
		}
	}
	parts, kinds, err := w.targets(main)
	if err != nil {
		return nil, err
	}
	book := &Book{}
	err = w.each(main, func(e xml.StartElement, parent string) error {
		switch {
		case e.Name.Local == "workbookPr":
			w.epoch1904 = truth(attr(e, "date1904"))
		case e.Name.Local == "sheet" && parent == "sheets":
			part := parts[attr(e, "id")]
			if part == "" || strings.Contains(strings.ToLower(part), "chartsheet") || strings.Contains(strings.ToLower(part), "dialogsheet") {
				return nil
			}
			if len(book.sheets) >= w.limits.Sheets {
				return fault.NewInvalid("sheet.too_many_sheets", "工作表超过 %d 张，请拆成几个文件再上传。", w.limits.Sheets)
			}
			state := attr(e, "state")
			book.sheets = append(book.sheets, &xmlSheet{
				book: w, part: part,
				about: Sheet{Name: attr(e, "name"), Hidden: state != "" && state != "visible"},
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(book.sheets) == 0 {
		return nil, errEmpty()
	}
	if part := kinds["styles"]; part != "" && w.parts[strings.ToLower(part)] != nil {
		if err := w.readStyles(part); err != nil {
			return nil, err
		}
	}
	if part := kinds["sharedStrings"]; part != "" && w.parts[strings.ToLower(part)] != nil {
		if err := w.readStrings(part); err != nil {
			return nil, err
		}
	}
	return book, nil
}

func truth(s string) bool { return s == "1" || s == "true" || s == "on" }

func (w *workbook) readStyles(part string) error {
	custom := map[int]bool{}
	return w.each(part, func(e xml.StartElement, parent string) error {
		switch {
		case e.Name.Local == "numFmt" && parent == "numFmts":
			if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil {
				custom[id] = isDateFormat(attr(e, "formatCode"))
			}
		case e.Name.Local == "xf" && parent == "cellXfs":
			id, _ := strconv.Atoi(attr(e, "numFmtId"))
			date, known := custom[id]
			w.dateStyle = append(w.dateStyle, known && date || !known && isBuiltinDate(id))
		}
		if len(w.dateStyle) > 1<<16 || len(custom) > 1<<16 {
			return errBomb(errors.New("too many styles"))
		}
		return nil
	})
}

// stringTable holds the shared strings in blocks, so that it grows without
// copying and a string costs four bytes beside its own.
type stringTable struct {
	blocks []string
	starts []uint32 // block<<20 | offset; a string ends where the next begins
	block  []byte
}

const blockSize = 1 << 20

func (t *stringTable) add(s string) {
	if len(t.block)+len(s) >= blockSize {
		t.seal()
	}
	t.starts = append(t.starts, uint32(len(t.blocks))<<20|uint32(len(t.block)))
	t.block = append(t.block, s...)
}

func (t *stringTable) seal() {
	t.blocks = append(t.blocks, string(t.block))
	t.block = t.block[:0]
}

func (t *stringTable) get(i int) (string, bool) {
	if t == nil || i < 0 || i >= len(t.starts) {
		return "", false
	}
	at := t.starts[i]
	block := t.blocks[at>>20]
	end := len(block)
	if i+1 < len(t.starts) && t.starts[i+1]>>20 == at>>20 {
		end = int(t.starts[i+1] & (blockSize - 1))
	}
	return block[at&(blockSize-1) : end], true
}

func (w *workbook) readStrings(part string) error {
	x, c, err := w.stream(part)
	if err != nil {
		return err
	}
	defer c.Close()
	table, held := &stringTable{}, int64(0)
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "si" {
			s, err := x.text()
			if err != nil {
				return err
			}
			table.add(s)
			// Seven million strings at the default: their starts take 28 MB more.
			if held += int64(len(s)); held > w.limits.Strings || int64(len(table.starts)) > w.limits.Strings/12 {
				return fault.NewInvalid("sheet.too_much_text", "表格里的文字太多，请拆成几个文件再上传。")
			}
		}
	}
	table.seal()
	table.block = nil
	w.strings = table
	return nil
}
