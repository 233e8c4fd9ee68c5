package print

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Measures of WordprocessingML: twentieths of a point across the page, halves
// of a point for letters (ECMA-376 part 1, 17.18).
const (
	textWidth  = 9412 // A4 less 22 mm on either side
	songti     = `<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="宋体" w:cs="Times New Roman"/>`
	heiti      = `<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="黑体" w:cs="Arial"/>`
	underlined = `<w:tcBorders><w:bottom w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tcBorders>`
	gridded    = `<w:tblBorders><w:top w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:left w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:bottom w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:right w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:insideH w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:insideV w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tblBorders>`
	namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"`
	xmlHead    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	office     = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	partType   = "application/vnd.openxmlformats-officedocument.wordprocessingml."
)

// Docx is the document as a file for Word or WPS (ECMA-376, transitional).
func (d Document) Docx() ([]byte, error) {
	d = d.cleaned()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/word/document.xml" ContentType="` + partType + `document.main+xml"/><Override PartName="/word/styles.xml" ContentType="` + partType + `styles+xml"/><Override PartName="/word/settings.xml" ContentType="` + partType + `settings+xml"/>` +
			`<Override PartName="/word/header1.xml" ContentType="` + partType + `header+xml"/><Override PartName="/word/footer1.xml" ContentType="` + partType + `footer+xml"/></Types>`},
		{"_rels/.rels", relations(office+"officeDocument", "word/document.xml")},
		{"word/document.xml", d.documentXML()},
		{"word/_rels/document.xml.rels", relations(office+"styles", "styles.xml", office+"settings", "settings.xml", office+"header", "header1.xml", office+"footer", "footer1.xml")},
		{"word/styles.xml", styles},
		{"word/settings.xml", `<w:settings ` + namespaces + `><w:characterSpacingControl w:val="compressPunctuation"/><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat><w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>`},
		{"word/header1.xml", `<w:hdr ` + namespaces + `><w:p>` + watermark(d.Watermark) + `</w:p></w:hdr>`},
		{"word/footer1.xml", `<w:ftr ` + namespaces + `><w:p><w:pPr><w:jc w:val="center"/></w:pPr>` + run("第 ") + field("PAGE") + run(" 页 共 ") + field("NUMPAGES") + run(" 页") + `</w:p></w:ftr>`},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate})
		if err == nil {
			_, err = w.Write([]byte(xmlHead + part.text))
		}
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", part.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("closing the document: %w", err)
	}
	return b.Bytes(), nil
}

const styles = `<w:styles ` + namespaces + `>` +
	`<w:docDefaults><w:rPrDefault><w:rPr>` + songti + `<w:sz w:val="24"/><w:szCs w:val="24"/><w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/><w:qFormat/></w:style>` +
	`<w:style w:type="paragraph" w:styleId="title"><w:name w:val="Title"/><w:basedOn w:val="a"/><w:qFormat/><w:pPr><w:spacing w:before="0" w:after="280"/><w:jc w:val="center"/></w:pPr><w:rPr><w:b/><w:sz w:val="40"/><w:szCs w:val="40"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="h1"><w:name w:val="heading 1"/><w:basedOn w:val="a"/><w:next w:val="a"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="280" w:after="110"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr>` + heiti + `<w:sz w:val="28"/><w:szCs w:val="28"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="body"><w:name w:val="Body Text"/><w:basedOn w:val="a"/><w:qFormat/><w:pPr><w:spacing w:after="60" w:line="408" w:lineRule="exact"/><w:ind w:firstLineChars="200" w:firstLine="480"/><w:jc w:val="both"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="cell"><w:name w:val="Table Text"/><w:basedOn w:val="a"/><w:pPr><w:spacing w:before="40" w:after="40"/></w:pPr><w:rPr><w:sz w:val="21"/><w:szCs w:val="21"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="label"><w:name w:val="Table Label"/><w:basedOn w:val="cell"/><w:pPr><w:jc w:val="center"/></w:pPr><w:rPr>` + heiti + `</w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="middle"><w:name w:val="Table Middle"/><w:basedOn w:val="cell"/><w:pPr><w:jc w:val="center"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="right"><w:name w:val="Table Right"/><w:basedOn w:val="cell"/><w:pPr><w:jc w:val="right"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="gap"><w:name w:val="Gap"/><w:basedOn w:val="a"/><w:pPr><w:spacing w:line="120" w:lineRule="exact"/></w:pPr></w:style>` +
	`<w:style w:type="table" w:default="1" w:styleId="t"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>` +
	`</w:styles>`

func (d Document) documentXML() string {
	var b strings.Builder
	b.WriteString(`<w:document ` + namespaces + `><w:body>` + paragraph("title", d.Title))
	if d.Unit != "" || d.Number != "" || d.Date != "" {
		number := d.Number
		if number != "" {
			number = "编号：" + number
		}
		b.WriteString(table("", thirds, row("", cell(thirds[0], "", d.Unit)+cellOf(thirds[1], "", paragraph("middle", number))+cellOf(thirds[2], "", paragraph("right", d.Date)))))
	}
	for _, block := range d.Blocks {
		b.WriteString("\n" + block.docx())
	}
	b.WriteString("\n" + `<w:sectPr><w:headerReference w:type="default" r:id="r3"/><w:footerReference w:type="default" r:id="r4"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1417" w:right="1247" w:bottom="1361" w:left="1247" w:header="680" w:footer="680" w:gutter="0"/></w:sectPr></w:body></w:document>`)
	return b.String()
}

var (
	thirds  = []int{3400, 3400, 2612}
	signing = []int{2700, 1760, 1900, 920, 2132}
)

func (h Heading) docx() string { return paragraph("h1", string(h)) }
func (p Paragraph) docx() (out string) {
	for _, line := range p.lines() {
		out += paragraph("body", line)
	}
	return out
}
func (PageBreak) docx() string { return `<w:p><w:r><w:br w:type="page"/></w:r></w:p>` }

func (p Pairs) docx() string {
	widths := Table{Widths: []int{16, 34, 16, 34}, Header: make([]string, 4)}.shares(textWidth)
	rows := ""
	for _, pairs := range p.rows() {
		cells := ""
		for i, x := range pairs {
			cells += label(widths[2*i], x.Label)
			if len(pairs) == 1 {
				cells += cell(widths[1]+widths[2]+widths[3], `<w:gridSpan w:val="3"/>`, x.Value)
			} else {
				cells += cell(widths[2*i+1], "", x.Value)
			}
		}
		rows += row(`<w:cantSplit/>`, cells)
	}
	return table(gridded, widths, rows)
}

func (t Table) docx() string {
	widths := t.shares(textWidth)
	var rows strings.Builder
	if len(t.Header) > 0 {
		cells := ""
		for i, s := range t.Header {
			cells += label(widths[i], s)
		}
		rows.WriteString(row(`<w:cantSplit/><w:tblHeader/>`, cells))
	}
	for _, texts := range t.Rows {
		cells := ""
		for i, s := range texts {
			cells += cell(widths[i], "", s)
		}
		rows.WriteString(row(`<w:cantSplit/>`, cells))
	}
	return table(gridded, widths, rows.String())
}

func (s Signatures) docx() string {
	rows := ""
	for _, x := range s {
		date := `<w:vAlign w:val="bottom"/>`
		if x.Date == "" {
			date = underlined + date
		}
		rows += row(`<w:cantSplit/><w:trHeight w:val="680" w:hRule="atLeast"/>`, cell(signing[0], `<w:vAlign w:val="bottom"/>`, x.Role+"："+x.Name)+
			cell(signing[1], `<w:vAlign w:val="bottom"/>`, "签字（盖章）：")+cell(signing[2], underlined+`<w:vAlign w:val="bottom"/>`, "")+
			cell(signing[3], `<w:vAlign w:val="bottom"/>`, "日期：")+cell(signing[4], date, x.Date))
	}
	return table("", signing, rows)
}

// table is followed by a narrow line: two tables that touch would become one.
func table(borders string, widths []int, rows string) string {
	if rows == "" {
		return ""
	}
	grid := ""
	for _, w := range widths {
		grid += `<w:gridCol w:w="` + strconv.Itoa(w) + `"/>`
	}
	return `<w:tbl><w:tblPr><w:tblW w:w="` + strconv.Itoa(textWidth) + `" w:type="dxa"/>` + borders + `<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>` + grid + `</w:tblGrid>` + rows + `</w:tbl><w:p><w:pPr><w:pStyle w:val="gap"/></w:pPr></w:p>`
}

func row(props, cells string) string {
	if props != "" {
		props = `<w:trPr>` + props + `</w:trPr>`
	}
	return `<w:tr>` + props + cells + "</w:tr>\n"
}

func cell(width int, props, text string) string { return cellOf(width, props, paragraph("cell", text)) }
func label(width int, text string) string {
	return cellOf(width, `<w:vAlign w:val="center"/>`, paragraph("label", text))
}
func cellOf(width int, props, inside string) string {
	return `<w:tc><w:tcPr><w:tcW w:w="` + strconv.Itoa(width) + `" w:type="dxa"/>` + props + `</w:tcPr>` + inside + `</w:tc>`
}

func paragraph(style, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>` + run(text) + `</w:p>`
}

// run writes text; it and watermark are the only places where text of others
// becomes XML.
func run(text string) string {
	if text == "" {
		return ""
	}
	return `<w:r><w:t xml:space="preserve">` + strings.ReplaceAll(escaped(text), "&#xA;", `</w:t><w:br/><w:t xml:space="preserve">`) + `</w:t></w:r>`
}

func field(name string) string {
	return `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> ` + name + ` </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`
}

// watermark is drawn as Word itself draws one: a text along a path, behind the
// text of every page. An em of the text is as wide as the shape is high.
func watermark(text string) string {
	if text == "" {
		return ""
	}
	width, height := 420, 420/max(8, utf8.RuneCountInString(text))
	return `<w:r><w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas><v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype>` +
		`<v:shape id="watermark" o:spid="_x0000_s1025" type="#_x0000_t136" style="position:absolute;margin-left:0;margin-top:0;width:` + strconv.Itoa(width) + `pt;height:` + strconv.Itoa(height) + `pt;rotation:330;z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#d9d9d9" stroked="f"><v:fill opacity=".6"/><v:textpath style="font-family:&quot;宋体&quot;;font-size:1pt" string="` + escaped(strings.ReplaceAll(text, "\n", " ")) + `"/></v:shape></w:pict></w:r>`
}

func relations(pairs ...string) string {
	out := `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	for i := 0; i < len(pairs); i += 2 {
		out += `<Relationship Id="r` + strconv.Itoa(i/2+1) + `" Type="` + pairs[i] + `" Target="` + pairs[i+1] + `"/>`
	}
	return out + `</Relationships>`
}

func escaped(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a strings.Builder does not fail
	}
	return b.String()
}
