package main

import (
	"context"
	"fmt"
	"os"

	"shouwang/app"
	"shouwang/platform/sheet"
)

type staff struct {
	Where
	File string `arg:"" type:"existingfile" help:"xlsx or CSV with 姓名, 岗位, 管辖的村（社区）或乡镇."`
	As   string `required:"" help:"The security administrator who answers for it."`
	Out  string `default:"activation-codes.xlsx" help:"Where to write the codes to print; readable by its owner alone."`
}

func (s staff) Run(ctx context.Context) error {
	a, err := app.Open(ctx, s.config(false))
	if err != nil {
		return err
	}
	defer a.Close()
	if ctx, err = a.Accounts.As(ctx, s.As); err != nil {
		return err
	}
	people, err := a.Engage(ctx, s.File)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.Out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := sheet.NewWriter(f, sheet.Properties{Title: "激活码", Watermark: "发放后请销毁"})
	if err != nil {
		return err
	}
	if err := w.Sheet("激活码", []sheet.Heading{{Name: "姓名"}, {Name: "岗位", Width: 24}, {Name: "管辖", Width: 30}, {Name: "账号", Text: true}, {Name: "激活码", Width: 20, Text: true}, {Name: "说明", Width: 50}}); err != nil {
		return err
	}
	taken := 0
	for _, p := range people {
		if p.Problem == "" {
			taken++
		} else {
			fmt.Printf("第 %d 行 %s：%s\n", p.Row, p.Name, p.Problem)
		}
		if err := w.Row(sheet.TextCell(p.Name), sheet.TextCell(p.Role), sheet.TextCell(p.Place), sheet.TextCell(p.Username), sheet.TextCell(p.Code), sheet.TextCell(p.Problem)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	fmt.Printf("共 %d 人，建立账号 %d 个。激活码在 %s，请打印后分发到本人，30 天内有效，发放后销毁文件。\n", len(people), taken, s.Out)
	return nil
}
