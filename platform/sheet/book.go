package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"shouwang/platform/fault"
)

// Limits bound what a file may ask of this machine. A zero field takes its
// default.
type Limits struct {
	File     int64 // bytes of the file as sent
	Inflated int64 // bytes of all its parts unpacked
	Strings  int64 // bytes of the shared strings, the only part kept in memory
	Parts    int   // entries in the archive
	Sheets   int
	Rows     int // row numbers, as Excel counts them
	Columns  int // filled cells in one row, and the last filled column
	Merges   int // merged areas in one sheet
}

func (l Limits) withDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	setInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.File, 64<<20)
	set(&l.Inflated, 512<<20)
	set(&l.Strings, 80<<20)
	setInt(&l.Parts, 2000)
	setInt(&l.Sheets, 256)
	setInt(&l.Rows, 1<<20)
	setInt(&l.Columns, 1024)
	setInt(&l.Merges, 30000)
	return l
}

// Book is an opened spreadsheet. It reads from the file as it goes: keep the
// reader open until Close. Its methods may be called by several goroutines.
type Book struct {
	sheets []source
	file   io.Closer
}

// Sheet is one sheet's name and whether the office hid it.
type Sheet struct {
	Name   string
	Hidden bool
}

// source is one sheet's content, whatever the file's format.
type source interface {
	sheet() Sheet
	// rows yields every row present, in order; an error ends it.
	rows(yield func(rawRow, error) bool)
	merges() ([]merge, error)
}

// rawRow is a row as it stands in the file: filled cells only, by column.
type rawRow struct {
	number int
	cells  []placed
}

type placed struct {
	column int // 1-based
	Cell
}

// merge is a merged area, 1-based and inclusive.
type merge struct{ top, left, bottom, right int }

// Sheets lists the sheets in the file's order.
func (b *Book) Sheets() []Sheet {
	list := make([]Sheet, len(b.sheets))
	for i, s := range b.sheets {
		list[i] = s.sheet()
	}
	return list
}

// Close lets go of the file when OpenFile opened it.
func (b *Book) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

// OpenFile opens the spreadsheet at path. A CSV's sheet takes the file's name,
// since the village may stand there.
func OpenFile(path string, limits Limits) (*Book, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening spreadsheet: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		var b *Book
		if b, err = Open(f, info.Size(), limits); err == nil {
			if c, ok := b.sheets[0].(*csvSheet); ok {
				c.name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			}
			b.file = f
			return b, nil
		}
	}
	return nil, errors.Join(err, f.Close())
}

// Open reads what the file is from its content, never from its name, and
// returns Invalid with a sentence for the sender when it is not a spreadsheet
// this package reads, is locked, carries macros, is damaged, or goes beyond
// the limits.
func Open(r io.ReaderAt, size int64, limits Limits) (*Book, error) {
	limits = limits.withDefaults()
	if size > limits.File {
		return nil, fault.NewInvalid("sheet.too_large", "文件超过 %d MB，请删去图片等多余内容，或拆成几个文件再上传。", limits.File>>20)
	}
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the file's beginning: %w", err)
	}
	if len(head) == 0 {
		return nil, errEmpty()
	}
	has := func(magic ...string) bool {
		for _, m := range magic {
			if bytes.HasPrefix(head, []byte(m)) {
				return true
			}
		}
		return false
	}
	switch text := strings.ToLower(strings.TrimLeft(string(head), "\ufeff \t\r\n")); {
	case has("PK\x03\x04", "PK\x05\x06"):
		return openZip(r, size, limits)
	case has("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		return nil, refuseCompound(r, size)
	case has("%PDF"):
		return nil, fault.NewInvalid("sheet.pdf", "这是 PDF 文件，读不出表格。请上传原来的表格文件（.xlsx 或 .csv）。")
	case has("\x89PNG", "\xff\xd8\xff", "GIF8", "II*\x00", "MM\x00*"), has("RIFF", "BM") && bytes.IndexByte(head, 0) >= 0:
		return nil, fault.NewInvalid("sheet.image", "这是图片，读不出表格。请上传表格文件（.xlsx 或 .csv）。")
	case has("Rar!", "7z\xbc\xaf", "\x1f\x8b"):
		return nil, errArchive()
	case strings.HasPrefix(text, "<") || strings.HasPrefix(text, "{\\rtf"):
		return nil, fault.NewInvalid("sheet.web_page", "这个文件其实是网页或其他文档，不是表格。请用 WPS 或 Excel 打开后，另存为 .xlsx 再上传。")
	}
	return openText(r, size, limits)
}

// refuseCompound tells the old binary formats apart: the directory of such a
// file holds the names of its streams in UTF-16.
func refuseCompound(r io.ReaderAt, size int64) error {
	wide := func(s string) []byte {
		b := make([]byte, 0, 2*len(s))
		for i := range len(s) {
			b = append(b, s[i], 0)
		}
		return b
	}
	const overlap = 64
	buf := make([]byte, 64<<10)
	locked, workbook := wide("EncryptedPackage"), wide("Workbook")
	isWorkbook := false
	for at := int64(0); at < size; at += int64(len(buf) - overlap) {
		n, err := r.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading an old Office file: %w", err)
		}
		if bytes.Contains(buf[:n], locked) {
			return errLocked()
		}
		isWorkbook = isWorkbook || bytes.Contains(buf[:n], workbook)
	}
	if isWorkbook {
		return fault.NewInvalid("sheet.xls", "这是旧格式（.xls）的表格。请用 WPS 或 Excel 打开，另存为 .xlsx 再上传。")
	}
	return fault.NewInvalid("sheet.old_office", "这是旧格式的 Office 文件。如果是表格，请用 WPS 或 Excel 打开，另存为 .xlsx 再上传。")
}

func errEmpty() error {
	return fault.NewInvalid("sheet.empty", "文件是空的，请检查后重新上传。")
}

func errLocked() error {
	return fault.NewInvalid("sheet.locked", "这个文件设了打开密码。请先在 WPS 或 Excel 里取消密码，再上传。")
}

func errArchive() error {
	return fault.NewInvalid("sheet.archive", "这是压缩包。请先解压，再逐个上传里面的表格文件。")
}

func errDamaged(cause error) error {
	return fault.NewInvalid("sheet.damaged", "文件不完整或已损坏。请用 WPS 或 Excel 打开检查，另存为新的 .xlsx 再上传。").Because(cause)
}

func errBomb(cause error) error {
	return fault.NewInvalid("sheet.bomb", "文件展开后过大，不像正常的表格。请把数据复制到新表格里，再上传。").Because(cause)
}

func errTooManyRows(limit int) error {
	return fault.NewInvalid("sheet.too_many_rows", "表格超过 %d 行，请拆成几个文件再上传。", limit)
}

func errTooManyColumns(row, limit int) error {
	return fault.NewInvalid("sheet.too_many_columns", "第 %d 行填到了第 %d 列以后，不像正常的名册。请删去多余的列再上传。", row, limit)
}

func errLongCell(row int) error {
	return fault.NewInvalid("sheet.long_cell", "第 %d 行有一格文字过长，请检查这一行的内容（CSV 文件请检查引号是否成对）。", row)
}

func tooManyMerges(limit int) error {
	return fault.NewInvalid("sheet.too_many_merges", "合并单元格超过 %d 处。请取消合并后再上传。", limit)
}
