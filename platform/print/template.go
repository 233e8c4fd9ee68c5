package print

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"
)

// Template is a document with places to fill ({{.name}}, Go text/template). It
// is kept as YAML:
//
//	title: 委托照护协议
//	number: "{{.number}}"
//	blocks:
//	  - heading: 一、儿童情况
//	  - paragraph: "{{.guardian.name}}委托{{.carer.name}}照护。"
//	  - pairs:
//	      - {label: 姓名, value: "{{.child.name}}"}
//	      - {label: 住址, value: "{{.child.address}}", wide: true}
//	  - table: {header: [日期, 情况], widths: [1, 4], each: visits, row: ["{{.on}}", "{{.summary}}"]}
//	  - signatures: [{role: 委托人, name: "{{.guardian.name}}"}]
//	  - page_break: true
//
// A block has exactly one of these keys; the rows of a table come from the list
// that each names. A paragraph, and the value of a pair, may come out empty: an
// empty paragraph is left out.
type Template struct {
	head   [5]*template.Template // title, number, unit, date, watermark
	blocks []filler
}

// filler makes one block from data; nil leaves the block out.
type filler func(data map[string]any) (Block, error)

type source struct {
	Title     string        `yaml:"title"`
	Number    string        `yaml:"number"`
	Unit      string        `yaml:"unit"`
	Date      string        `yaml:"date"`
	Watermark string        `yaml:"watermark"`
	Blocks    []sourceBlock `yaml:"blocks"`
}

type sourceBlock struct {
	Heading   string `yaml:"heading"`
	Paragraph string `yaml:"paragraph"`
	Pairs     []struct {
		Label string `yaml:"label"`
		Value string `yaml:"value"`
		Wide  bool   `yaml:"wide"`
	} `yaml:"pairs"`
	Table *struct {
		Header []string `yaml:"header"`
		Widths []int    `yaml:"widths"`
		Each   string   `yaml:"each"`
		Row    []string `yaml:"row"`
	} `yaml:"table"`
	Signatures []struct {
		Role string `yaml:"role"`
		Name string `yaml:"name"`
		Date string `yaml:"date"`
	} `yaml:"signatures"`
	PageBreak bool `yaml:"page_break"`
}

// ReadTemplate reads a template. Whatever is wrong with it, an unknown key, a
// block of two kinds, a place that cannot be parsed, is an error here and not
// when somebody prints.
func ReadTemplate(text []byte) (*Template, error) {
	var s source
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	if s.Title == "" || len(s.Blocks) == 0 {
		return nil, errors.New("reading the template: it has no title or no blocks")
	}
	p := &parser{}
	t := &Template{head: [5]*template.Template{p.parse("title", s.Title), p.parse("number", s.Number), p.parse("unit", s.Unit), p.parse("date", s.Date), p.parse("watermark", s.Watermark)}}
	for i, b := range s.Blocks {
		t.blocks = append(t.blocks, p.block(fmt.Sprintf("blocks[%d]", i), b))
	}
	if p.err != nil {
		return nil, fmt.Errorf("reading the template: %w", p.err)
	}
	return t, nil
}

// Fill makes the document. A place that data has nothing for is an error that
// names it. A list is a []map[string]any.
func (t *Template) Fill(data map[string]any) (Document, error) {
	var head [5]string
	for i, part := range t.head {
		s, err := fill(part, data)
		if err != nil {
			return Document{}, err
		}
		head[i] = s
	}
	d := Document{Title: head[0], Number: head[1], Unit: head[2], Date: head[3], Watermark: head[4]}
	for _, f := range t.blocks {
		b, err := f(data)
		if err != nil {
			return Document{}, err
		}
		if b != nil {
			d.Blocks = append(d.Blocks, b)
		}
	}
	return d, nil
}

func fill(t *template.Template, data any) (string, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("filling the template: %w", err)
	}
	if strings.Contains(b.String(), "<no value>") { // what text/template writes for a key that holds nil
		return "", fmt.Errorf("filling the template: %s: a place is filled with nil", t.Name())
	}
	return b.String(), nil
}

func fillAll(list []*template.Template, data any) ([]string, error) {
	out := make([]string, len(list))
	for i, t := range list {
		s, err := fill(t, data)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// parser keeps the first error.
type parser struct{ err error }

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) parse(name, text string) *template.Template {
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		p.fail(err)
	}
	return t
}

func (p *parser) block(name string, b sourceBlock) (f filler) {
	kinds := 0
	add := func(there bool, make func() filler) {
		if there {
			kinds++
			f = make()
		}
	}
	add(b.Heading != "", func() filler {
		text := p.parse(name+".heading", b.Heading)
		return func(data map[string]any) (Block, error) {
			s, err := fill(text, data)
			return Heading(s), err
		}
	})
	add(b.Paragraph != "", func() filler {
		text := p.parse(name+".paragraph", b.Paragraph)
		return func(data map[string]any) (Block, error) {
			s, err := fill(text, data)
			if strings.TrimSpace(s) == "" {
				return nil, err
			}
			return Paragraph(strings.TrimSpace(s)), err
		}
	})
	add(len(b.Pairs) > 0, func() filler {
		var texts []*template.Template
		for i, x := range b.Pairs {
			texts = append(texts, p.parse(fmt.Sprintf("%s.pairs[%d].label", name, i), x.Label), p.parse(fmt.Sprintf("%s.pairs[%d].value", name, i), x.Value))
		}
		return func(data map[string]any) (Block, error) {
			s, err := fillAll(texts, data)
			if err != nil {
				return nil, err
			}
			out := Pairs{}
			for i, x := range b.Pairs {
				out = append(out, Pair{s[2*i], s[2*i+1], x.Wide})
			}
			return out, nil
		}
	})
	add(b.Table != nil, func() filler { return p.table(name+".table", b) })
	add(len(b.Signatures) > 0, func() filler {
		var texts []*template.Template
		for i, x := range b.Signatures {
			at := fmt.Sprintf("%s.signatures[%d]", name, i)
			texts = append(texts, p.parse(at+".role", x.Role), p.parse(at+".name", x.Name), p.parse(at+".date", x.Date))
		}
		return func(data map[string]any) (Block, error) {
			s, err := fillAll(texts, data)
			if err != nil {
				return nil, err
			}
			out := Signatures{}
			for i := 0; i < len(s); i += 3 {
				out = append(out, Signature{s[i], s[i+1], s[i+2]})
			}
			return out, nil
		}
	})
	add(b.PageBreak, func() filler { return func(map[string]any) (Block, error) { return PageBreak{}, nil } })
	if kinds != 1 {
		p.fail(fmt.Errorf("%s has %d kinds and not one", name, kinds))
	}
	return f
}

func (p *parser) table(name string, b sourceBlock) filler {
	t := b.Table
	if len(t.Row) == 0 || t.Each == "" || len(t.Header) != len(t.Row) || len(t.Widths) != 0 && len(t.Widths) != len(t.Row) {
		p.fail(fmt.Errorf("%s: header, row and widths are not of one length, or each names no list", name))
	}
	var cells []*template.Template
	for i, text := range t.Row {
		cells = append(cells, p.parse(fmt.Sprintf("%s.row[%d]", name, i), text))
	}
	return func(data map[string]any) (Block, error) {
		list, ok := data[t.Each].([]map[string]any)
		if !ok {
			return nil, fmt.Errorf("filling the template: %s: data has no list %q", name, t.Each)
		}
		out := Table{Header: t.Header, Widths: t.Widths}
		for _, item := range list {
			row, err := fillAll(cells, item)
			if err != nil {
				return nil, err
			}
			out.Rows = append(out.Rows, row)
		}
		return out, nil
	}
}
