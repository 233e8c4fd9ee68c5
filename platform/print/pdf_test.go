package print_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"shouwang/platform/fault"
	"shouwang/platform/print"
)

// printer prints with the Chromium that the journeys use too.
func printer(t *testing.T) *print.Printer {
	t.Helper()
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "chromium"
	}
	if _, err := exec.LookPath(browser); err != nil {
		t.Skip("NO PDF WAS TESTED: this machine has no Chromium")
	}
	short := must(os.MkdirTemp("", "p"))(t) // a socket's path has room for a hundred letters
	t.Setenv("TMPDIR", short)
	t.Cleanup(func() {
		defer os.RemoveAll(short)
		if left, err := filepath.Glob(filepath.Join(short, "*")); err != nil || len(left) > 0 {
			t.Errorf("the browser left %v, %v", left, err)
		}
	})
	return print.NewPrinter(browser)
}

// pdf is what the tests read of a PDF file as Chromium writes it: objects in
// the clear, their streams deflated, fonts named after their object.
type pdf struct {
	pages int
	text  string // of all pages, without spaces
	fonts []string
}

var (
	object = regexp.MustCompile(`(?s)(\d+) 0 obj\n(.*?)\nendobj`)
	bfchar = regexp.MustCompile(`(?m)^<([0-9A-F]+)> <([0-9A-F]+)>$`)
	bfspan = regexp.MustCompile(`(?m)^<([0-9A-F]+)> <([0-9A-F]+)> <([0-9A-F]+)>$`)
	shown  = regexp.MustCompile(`/F(\d+) [\d.]+ Tf|/ActualText <FEFF([0-9A-F]*)>|<([0-9A-F]+)>|EMC`)
	ref    = regexp.MustCompile(`/(ToUnicode|FontDescriptor|DescendantFonts|Contents) \[?(\d+) 0 R`)
)

func readPDF(t *testing.T, file []byte) (out pdf) {
	t.Helper()
	heads, streams := map[string]string{}, map[string]string{}
	for _, m := range object.FindAllSubmatch(file, -1) {
		head, stream, _ := bytes.Cut(m[2], []byte(" stream\n"))
		heads[string(m[1])] = string(head)
		if bytes.Contains(head, []byte("/FlateDecode")) {
			if z, err := zlib.NewReader(bytes.NewReader(stream)); err == nil {
				b, _ := io.ReadAll(z)
				streams[string(m[1])] = string(b)
			}
		}
	}
	find := func(id, key string) string {
		for _, m := range ref.FindAllStringSubmatch(heads[id], -1) {
			if m[1] == key {
				return m[2]
			}
		}
		return ""
	}
	letters, wide := map[string]map[uint64]string{}, map[string]int{}
	for id, head := range heads {
		if !strings.Contains(head, "/Type /Font\n") || find(id, "ToUnicode") == "" {
			continue
		}
		_, cmap, _ := strings.Cut(streams[find(id, "ToUnicode")], "endcodespacerange")
		letters[id], wide[id] = map[uint64]string{}, 1
		if strings.Contains(head, "/Type0") {
			wide[id] = 2
		}
		for _, m := range bfchar.FindAllStringSubmatch(cmap, -1) {
			code, _ := strconv.ParseUint(m[1], 16, 32)
			letters[id][code] = utf16Hex(t, m[2])
		}
		for _, m := range bfspan.FindAllStringSubmatch(cmap, -1) {
			from, _ := strconv.ParseUint(m[1], 16, 32)
			to, _ := strconv.ParseUint(m[2], 16, 32)
			first := []rune(utf16Hex(t, m[3]))
			for i := from; i <= to && len(first) == 1; i++ {
				letters[id][i] = string(first[0] + rune(i-from))
			}
		}
		descriptor := find(id, "FontDescriptor")
		if d := find(id, "DescendantFonts"); d != "" {
			descriptor = find(d, "FontDescriptor")
		}
		switch {
		case strings.Contains(head, "/Type3"): // drawn inside the file
			out.fonts = append(out.fonts, "embedded")
		case strings.Contains(heads[descriptor], "/FontFile"):
			out.fonts = append(out.fonts, "embedded")
		default:
			out.fonts = append(out.fonts, head)
		}
	}
	var b strings.Builder
	for id, head := range heads {
		if !regexp.MustCompile(`/Type /Page\b[^s]`).MatchString(head + "\n") {
			continue
		}
		out.pages++
		font, actual := "", false
		for _, m := range shown.FindAllStringSubmatch(streams[find(id, "Contents")], -1) {
			switch {
			case m[1] != "":
				font = m[1]
			case m[0] == "EMC":
				actual = false
			case strings.HasPrefix(m[0], "/Actual"): // what the glyphs up to EMC say
				actual = true
				b.WriteString(utf16Hex(t, m[2]))
			case !actual:
				codes := must(hex.DecodeString(m[3]))(t)
				for w := max(1, wide[font]); len(codes) >= w; codes = codes[w:] {
					code := uint64(codes[0])
					if w == 2 {
						code = code<<8 | uint64(codes[1])
					}
					b.WriteString(letters[font][code])
				}
			}
		}
		b.WriteString("\n")
	}
	out.text = strings.ReplaceAll(b.String(), " ", "")
	return out
}

func utf16Hex(t *testing.T, s string) string {
	t.Helper()
	b := must(hex.DecodeString(s))(t)
	var units []uint16
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}

// register is a table of n rows.
func register(n int) print.Document {
	t := print.Table{Header: []string{"序号", "姓名", "村（社区）", "关注程度", "情况"}, Widths: []int{1, 2, 3, 2, 6}}
	for i := range n {
		t.Rows = append(t.Rows, []string{fmt.Sprint(i + 1), "邓秋禾", "试一村", "一般", "父母均外出务工，随祖父母生活，情况稳定。"})
	}
	return print.Document{Title: "农村留守儿童台账", Watermark: "试县民政局", Blocks: []print.Block{t}}
}

func TestPDF_HoldsEveryCharacterItsFontsAndItsPageNumbers(t *testing.T) {
	got := readPDF(t, must(printer(t).PDF(context.Background(), agreement()))(t))
	if got.pages != 2 {
		t.Errorf("%d pages", got.pages)
	}
	for _, s := range []string{"农村留守儿童委托照护协议", "编号：试协〔2026〕12号", "㛃䶮𬭚喆·玛依拉", "祖母腿伤未愈，已联系村医上门。", "委托人：王试山", "第1页共2页", "第2页共2页", "试县民政局周试玉2026-11-23"} {
		if !strings.Contains(got.text, s) {
			t.Errorf("%q is not on the paper", s)
		}
	}
	if n := strings.Count(got.text, "试县民政局周试玉2026-11-23"); n != 3*2 {
		t.Errorf("%d watermarks on two pages", n)
	}
	if len(got.fonts) == 0 {
		t.Error("no font was found: is the test still looking?")
	}
	for _, f := range got.fonts {
		if f != "embedded" {
			t.Errorf("a font that is not in the file: %s", f)
		}
	}
}

func TestPDF_WhatPeopleTypedStaysText(t *testing.T) {
	long := strings.Repeat("Pneumonoultramicroscopic", 200)
	d := everywhere(hostile)
	d.Blocks = append(d.Blocks, print.Paragraph(long), print.Pairs{{Label: long[:200], Value: long}}, print.Table{Header: []string{"甲", "乙"}, Rows: [][]string{{long, "短"}}})
	got := readPDF(t, must(printer(t).PDF(context.Background(), d))(t))
	plain := strings.NewReplacer(" ", "", "\n", "").Replace
	if !strings.Contains(plain(got.text), plain(harmless)) {
		t.Error("the text is not on the paper as it was typed")
	}
	if n := strings.Count(plain(got.text), "Pneumonoultramicroscopic"); n < 2*200 {
		t.Errorf("%d of the long words are whole", n)
	}
}

func TestPDF_ALongTableRepeatsItsHeader(t *testing.T) {
	const rows = 1900
	got := readPDF(t, must(printer(t).PDF(context.Background(), register(rows)))(t))
	if got.pages < 100 {
		t.Fatalf("only %d pages", got.pages)
	}
	for what, n := range map[string]int{"村（社区）": got.pages, fmt.Sprintf("共%d页", got.pages): got.pages, "邓秋禾": rows, "试县民政局": 3 * got.pages} {
		if found := strings.Count(got.text, what); found != n {
			t.Errorf("%s stands %d times, not %d", what, found, n)
		}
	}
}

func TestPDF_FetchesNothingAndRunsNothing(t *testing.T) {
	p := printer(t)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	secret := filepath.Join(t.TempDir(), "secret.html")
	if err := os.WriteFile(secret, []byte("<p>SECRETFILE</p>"), 0o644); err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("URL", server.URL, "FILE", "file://"+secret).Replace(`<!DOCTYPE html><html><head>
		<link rel="stylesheet" href="URL/a.css"><style>@import "URL/b.css"; body { background: url(URL/c.png) } @font-face { font-family: x; src: url(URL/d.woff) } p { font-family: x }</style></head>
		<body><p>VISIBLE</p><img src="URL/e.png"><img src="FILE"><iframe src="URL/f"></iframe><iframe src="FILE"></iframe><object data="FILE"></object>
		<meta http-equiv="refresh" content="0;url=URL/g"><script>document.body.append("SCRIPTED"); fetch("URL/h")</script></body></html>`)
	got := readPDF(t, must(print.RawPDF(p, context.Background(), page))(t))
	if !strings.Contains(got.text, "VISIBLE") {
		t.Fatalf("the page was not printed: %q", got.text)
	}
	if asked.Load() != 0 || strings.Contains(got.text, "SECRETFILE") || strings.Contains(got.text, "SCRIPTED") {
		t.Errorf("%d requests; on the paper: %q", asked.Load(), got.text)
	}
}

func TestPDF_WithoutABrowserSaysWhatToDo(t *testing.T) {
	for _, browser := range []string{"no-such-browser", filepath.Join(t.TempDir(), "none")} {
		_, err := print.NewPrinter(browser).PDF(context.Background(), agreement())
		if f := fault.Of(err); f.ID != "print.no_browser" || f.Text != "本机没有安装 PDF 组件，请先下载 Word 版。" {
			t.Errorf("%s: %v", browser, err)
		}
	}
}

func TestPDF_ABrowserThatNeverAnswersIsGivenUp(t *testing.T) {
	stuck := filepath.Join(t.TempDir(), "stuck")
	if err := os.WriteFile(stuck, []byte("#!/bin/sh\nexec tail -f /dev/null\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := print.NewPrinter(stuck)
	for range 2 { // and the next in line is not kept waiting by it
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		_, err := p.PDF(ctx, agreement())
		cancel()
		if f := fault.Of(err); f.ID != "print.busy" {
			t.Errorf("%v", err)
		}
	}
}

func TestPDF_WhatIsTooLongIsNotAskedOfABrowser(t *testing.T) {
	huge := print.Document{Title: "长", Blocks: []print.Block{print.Paragraph(strings.Repeat("长", 2<<20))}}
	for _, d := range []print.Document{register(2000), huge} {
		if _, err := print.NewPrinter("no-such-browser").PDF(context.Background(), d); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	}
}
