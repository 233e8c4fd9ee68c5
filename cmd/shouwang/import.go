package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"shouwang/app"
	"shouwang/domain/registry"
)

type imports struct {
	Children importChildren `cmd:"" help:"Import a roster of children, as the screens do."`
}

type importChildren struct {
	Where
	File   string `arg:"" type:"existingfile" help:"xlsx or CSV."`
	As     string `required:"" help:"The user who answers for it."`
	DryRun bool   `help:"Say what would come of it and write nothing."`
	JSON   bool   `help:"Print JSON."`
}

func (i importChildren) Run(ctx context.Context) error {
	a, err := app.Open(ctx, i.config(false))
	if err != nil {
		return err
	}
	defer a.Close()
	if ctx, err = a.Accounts.As(ctx, i.As); err != nil {
		return err
	}
	var report *registry.Report
	if i.DryRun {
		report, err = a.Imports.DryRun(ctx, i.File)
	} else {
		report, err = a.Imports.Run(ctx, i.File, func(now registry.Import) {
			fmt.Fprintf(os.Stderr, "\r%s %d / %d  ", now.State, now.Done, now.Total)
		})
		fmt.Fprintln(os.Stderr)
	}
	if err != nil {
		return err
	}
	if i.JSON {
		return json.NewEncoder(os.Stdout).Encode(report)
	}
	fmt.Printf("共 %d 行：接受 %d，待核实 %d，退回 %d（其中重复 %d）\n", report.Rows, report.Accepted, report.Held, report.Rejected, report.Duplicates)
	for n, p := range report.Problems {
		if n == 50 {
			fmt.Printf("……另有 %d 个问题，用 --json 查看全部\n", len(report.Problems)-n)
			break
		}
		fmt.Printf("  %s 第 %d 行 %s：%s\n", p.Sheet, p.Row, p.Column, p.Message)
	}
	return nil
}
