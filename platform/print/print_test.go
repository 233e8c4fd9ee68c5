package print_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwang/platform/print"
)

// agreement has every kind of block, with invented people.
func agreement() print.Document {
	return print.Document{
		Title: "农村留守儿童委托照护协议", Number: "试协〔2026〕12号", Unit: "试一村村民委员会", Date: "2026年11月23日", Watermark: "试县民政局 周试玉 2026-11-23",
		Blocks: []print.Block{
			print.Heading("一、儿童基本情况"),
			print.Pairs{{Label: "姓名", Value: "㛃䶮𬭚喆·玛依拉"}, {Label: "性别", Value: "女"}, {Label: "出生日期", Value: "2014-05-06"}, {Label: "关注程度", Value: "重点"},
				{Label: "住址", Value: "试一村3组8号", Wide: true}, {Label: "备注", Value: "患哮喘，随身带药。\n班主任已知。"}},
			print.Heading("二、约定"),
			print.Paragraph("委托人外出务工期间，将儿童委托受委托人照护。受委托人应当保障儿童的饮食起居、按时上学和身心健康，发现儿童受到伤害或者面临危险的，应当立即报告公安机关和村（居）民委员会。"),
			print.Paragraph("委托人每周至少与儿童联系一次，\r\n每月与受委托人、学校各联系一次。"),
			print.Table{Header: []string{"日期", "走访人", "情况"}, Widths: []int{2, 2, 6}, Rows: [][]string{
				{"2026-10-08", "周试玉", "儿童精神良好，作业按时完成。"}, {"2026-11-05", "周试玉", "祖母腿伤未愈，已联系村医上门。"}, {"2026-11-20"}}},
			print.Signatures{{Role: "委托人", Name: "王试山"}, {Role: "受委托人", Name: "李秀兰", Date: "2026年11月23日"}, {Role: "村（居）民委员会"}},
			print.PageBreak{},
			print.Heading("附：告知事项"),
			print.Paragraph("不得让未满十六周岁的儿童脱离监护单独居住生活。"),
		},
	}
}

// hostile is text that means something to HTML, XML, templates or terminals;
// harmless is what it looks like on paper.
const (
	hostile  = "<script>alert(1)</script>&amp;\"'{{.x}}]]><!--\x00\x0b\x1b[31m\xff\ufffe\u202e倒\t正"
	harmless = "<script>alert(1)</script>&amp;\"'{{.x}}]]><!--[31m倒 正"
)

// everywhere puts a text into every place that takes one.
func everywhere(s string) print.Document {
	return print.Document{Title: s, Number: s, Unit: s, Date: s, Watermark: s, Blocks: []print.Block{
		print.Heading(s), print.Paragraph(s), print.Pairs{{Label: s, Value: s}}, print.Table{Header: []string{s}, Rows: [][]string{{s}}}, print.Signatures{{Role: s, Name: s, Date: s}},
	}}
}

// places is how many texts everywhere puts into the body of a document.
const places = 4 + 2 + 2 + 2 + 3

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// parts opens a docx, and finds that each part is well-formed XML.
func parts(t testing.TB, docx []byte) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range must(zip.NewReader(bytes.NewReader(docx), int64(len(docx))))(t).File {
		text := string(must(io.ReadAll(must(f.Open())(t)))(t))
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
		if f.Modified.Year() > 1980 { // the zero of a zip
			t.Errorf("%s tells when it was made", f.Name)
		}
		out[f.Name] = text
	}
	return out
}

// texts reads the text of a part of a docx back, a run's line breaks as line
// feeds.
func texts(t testing.TB, part string) (out []string) {
	t.Helper()
	open := false
	for d := xml.NewDecoder(strings.NewReader(part)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if open = x.Name.Local == "t"; open {
				out = append(out, "")
			}
		case xml.EndElement:
			open = false
		case xml.CharData:
			if open {
				out[len(out)-1] += string(x)
			}
		}
	}
}

var generate = os.Getenv("SHOUWANG_GENERATE") != ""

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if generate {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(must(os.ReadFile(name))(t)), got); diff != "" {
		t.Errorf("%s (SHOUWANG_GENERATE=1 writes it anew):\n%s", name, diff)
	}
}

func TestHTML_IsAsItWas(t *testing.T) { golden(t, "agreement.html", agreement().HTML()) }

func TestDocx_IsAsItWas(t *testing.T) {
	golden(t, "agreement.document.xml", parts(t, must(agreement().Docx())(t))["word/document.xml"])
}

func TestDocx_EveryPartIsDeclaredAndEveryRelationLeadsSomewhere(t *testing.T) {
	all := parts(t, must(agreement().Docx())(t))
	for name := range all {
		if path.Ext(name) != ".rels" && name != "[Content_Types].xml" && !strings.Contains(all["[Content_Types].xml"], `PartName="/`+name+`"`) {
			t.Errorf("%s has no content type", name)
		}
	}
	target := regexp.MustCompile(`Id="([^"]+)"[^>]* Target="([^"]+)"`)
	inner := target.FindAllStringSubmatch(all["word/_rels/document.xml.rels"], -1)
	if len(inner) != 4 || all["word/document.xml"] == "" {
		t.Fatalf("%d relations of %d parts", len(inner), len(all))
	}
	named := map[string]string{}
	for _, m := range inner {
		if all["word/"+m[2]] == "" {
			t.Errorf("%s leads nowhere", m[2])
		}
		named[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`<w:(header|footer)Reference [^>]*r:id="([^"]+)"`).FindAllStringSubmatch(all["word/document.xml"], -1) {
		if named[m[2]] != m[1]+"1.xml" {
			t.Errorf("the %s is %s", m[1], named[m[2]])
		}
	}
	if footer := all["word/footer1.xml"]; strings.Join(texts(t, footer), "") != "第 1 页 共 1 页" || !strings.Contains(footer, " PAGE ") || !strings.Contains(footer, " NUMPAGES ") {
		t.Errorf("the footer: %s", footer)
	}
	if !strings.Contains(all["word/header1.xml"], `string="试县民政局 周试玉 2026-11-23"`) || !strings.Contains(all["word/styles.xml"], `w:eastAsia="宋体"`) {
		t.Error("no watermark, or no font for Chinese")
	}
	plain := parts(t, must(print.Document{Title: "通知"}.Docx())(t))
	if strings.Contains(plain["word/header1.xml"], "pict") {
		t.Error("a watermark that nobody asked for")
	}
}

func TestHTML_WhatPeopleTypedStaysText(t *testing.T) {
	html := everywhere(hostile).HTML()
	if n := strings.Count(html, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&#34;&#39;{{.x}}]]&gt;&lt;!--[31m倒 正"); n != places+4 { // the page's title and two more watermarks, and the first
		t.Errorf("%d of %d places hold the text", n, places+4)
	}
	if strings.Contains(html, "<script") || strings.ContainsAny(html, "\x00\x0b\x1b\ufffd\ufffe\u202e") {
		t.Error("something got through")
	}
}

func TestDocx_WhatPeopleTypedStaysText(t *testing.T) {
	all := parts(t, must(everywhere(hostile).Docx())(t))
	n := 0
	for _, s := range texts(t, all["word/document.xml"]) {
		n += strings.Count(s, harmless)
	}
	if n != places {
		t.Errorf("%d of %d places hold the text", n, places)
	}
	var header struct {
		Shape struct {
			Path struct {
				Text string `xml:"string,attr"`
			} `xml:"textpath"`
		} `xml:"p>r>pict>shape"`
	}
	if err := xml.Unmarshal([]byte(all["word/header1.xml"]), &header); err != nil || header.Shape.Path.Text != harmless {
		t.Errorf("the watermark: %q, %v", header.Shape.Path.Text, err)
	}
}

func TestTable_ShortRowsAndOddPairsAreFilledUp(t *testing.T) {
	d := print.Document{Title: "表", Blocks: []print.Block{
		print.Table{Rows: [][]string{{"甲"}, {"甲", "乙", "丙"}}}, print.Table{}, print.Pairs{}, print.Pairs{{Label: "一"}, {Label: "二", Wide: true}, {Label: "三"}, {Label: "四"}}, print.Signatures{}}}
	if n := strings.Count(d.HTML(), "<td></td>"); n != 2+2 { // two of the short row, two values beside one another
		t.Errorf("%d empty cells of single width", n)
	}
	doc := parts(t, must(d.Docx())(t))["word/document.xml"]
	if rows, cells := strings.Count(doc, "<w:tr>"), strings.Count(doc, "<w:tc>"); rows != 2+3 || cells != 6+2+2+4 {
		t.Errorf("%d rows, %d cells", rows, cells)
	}
	for _, m := range regexp.MustCompile(`(?s)<w:tblGrid>(.*?)</w:tblGrid>`).FindAllStringSubmatch(doc, -1) {
		sum := 0
		for _, w := range regexp.MustCompile(`w:w="(\d+)"`).FindAllStringSubmatch(m[1], -1) {
			var n int
			if _, err := fmt.Sscan(w[1], &n); err != nil || n <= 0 {
				t.Fatal(w[1], err)
			}
			sum += n
		}
		if sum != 9412 {
			t.Errorf("the columns are %d wide together", sum)
		}
	}
}
