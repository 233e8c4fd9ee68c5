package print_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwang/platform/print"
)

const visits = `
title: "{{.child.name}}走访记录"
number: "{{.number}}"
blocks:
  - heading: 一、情况
  - paragraph: "{{if .urgent}}须立即上报。{{end}}"
  - paragraph: "现由{{.carer}}照护。"
  - pairs:
      - {label: 姓名, value: "{{.child.name}}"}
      - {label: 住址, value: "{{.child.address}}", wide: true}
  - table: {header: [日期, 情况], widths: [1, 4], each: visits, row: ["{{.on}}", "{{.summary}}"]}
  - page_break: true
  - signatures:
      - {role: 走访人, name: "{{.visitor}}"}
`

func data() map[string]any {
	return map[string]any{"number": "7", "urgent": false, "carer": hostile, "visitor": "周试玉",
		"child":  map[string]any{"name": "王试花", "address": ""},
		"visits": []map[string]any{{"on": "2026-10-08", "summary": "好"}, {"on": "2026-11-05", "summary": "{{.on}}"}}}
}

func TestFill_MakesTheDocument(t *testing.T) {
	d, err := must(print.ReadTemplate([]byte(visits)))(t).Fill(data())
	want := print.Document{Title: "王试花走访记录", Number: "7", Blocks: []print.Block{
		print.Heading("一、情况"),
		print.Paragraph("现由" + hostile + "照护。"),
		print.Pairs{{Label: "姓名", Value: "王试花"}, {Label: "住址", Wide: true}},
		print.Table{Header: []string{"日期", "情况"}, Widths: []int{1, 4}, Rows: [][]string{{"2026-10-08", "好"}, {"2026-11-05", "{{.on}}"}}},
		print.PageBreak{},
		print.Signatures{{Role: "走访人", Name: "周试玉"}},
	}}
	if diff := cmp.Diff(want, d); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestFill_APlaceWithNothingToFillItIsNamed(t *testing.T) {
	tpl := must(print.ReadTemplate([]byte(visits)))(t)
	for where, spoil := range map[string]func(map[string]any){
		"number":                     func(d map[string]any) { delete(d, "number") },
		"blocks[3].pairs[1].value":   func(d map[string]any) { delete(d["child"].(map[string]any), "address") },
		"blocks[2].paragraph":        func(d map[string]any) { d["carer"] = nil },
		"blocks[4].table":            func(d map[string]any) { d["visits"] = "none" },
		"blocks[4].table.row[1]":     func(d map[string]any) { delete(d["visits"].([]map[string]any)[1], "summary") },
		"blocks[6].signatures[0].na": func(d map[string]any) { delete(d, "visitor") },
	} {
		d := data()
		spoil(d)
		if _, err := tpl.Fill(d); err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: %v", where, err)
		}
	}
}

func TestReadTemplate_RefusesWhatCouldNotBePrinted(t *testing.T) {
	for what, text := range map[string]string{
		"no title":            "blocks: [{heading: 一}]",
		"no blocks":           "title: 一",
		"an unknown key":      "title: 一\nblocks: [{headline: 一}]",
		"two kinds":           "title: 一\nblocks: [{heading: 一, paragraph: 二}]",
		"no kind":             "title: 一\nblocks: [{heading: ''}]",
		"a broken place":      "title: 一\nblocks: [{heading: '{{.x'}]",
		"a broken title":      "title: '{{end}}'\nblocks: [{heading: 一}]",
		"an unknown function": "title: 一\nblocks: [{paragraph: '{{shell .x}}'}]",
		"uneven columns":      "title: 一\nblocks: [{table: {header: [一], each: x, row: [a, b]}}]",
		"uneven widths":       "title: 一\nblocks: [{table: {header: [一], widths: [1, 2], each: x, row: [a]}}]",
		"rows of nothing":     "title: 一\nblocks: [{table: {header: [一], row: [a]}}]",
		"no YAML":             "title: [",
	} {
		if _, err := print.ReadTemplate([]byte(text)); err == nil {
			t.Errorf("%s was read", what)
		}
	}
}
