package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"shouwang/app"
	"shouwang/platform/authz"
	"shouwang/platform/store"
)

type clauses struct {
	Where
	Region string `help:"A twelve-digit code; the whole county when not given."`
	JSON   bool   `help:"Print JSON."`
}

// clauseLine is one clause as the command prints it.
type clauseLine struct {
	ID        string `json:"id"`
	Mechanism string `json:"mechanism"`
	Live      bool   `json:"live"`
	Open      int    `json:"duties_open"`
	Late      int    `json:"duties_overdue"`
	Records   int    `json:"records"`
}

func (c clauses) Run(ctx context.Context) error {
	a, err := app.Open(ctx, c.config(false))
	if err != nil {
		return err
	}
	defer a.Close()
	ctx = authz.AsSystem(ctx, "clauses")
	at := c.Region
	if at == "" {
		if at, err = store.One[string](ctx, a.DB, `select region from account_organisation where kind = 'conference_office' order by region limit 1`); err != nil {
			return fmt.Errorf("这个数据库还没有初始化，请先运行 shouwang init 或 shouwang demo")
		}
	}
	board, err := a.Governance.Board(ctx, at)
	if err != nil {
		return err
	}
	lines := make([]clauseLine, len(board.Clauses))
	live := 0
	for i, cl := range board.Clauses {
		lines[i] = clauseLine{cl.ID, cl.Mechanism, cl.Live, cl.Open, cl.Late, cl.Records}
		if cl.Live {
			live++
		}
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(lines)
	}
	for i, l := range lines {
		state := "  "
		if l.Live {
			state = "有"
		}
		fmt.Printf("%-8s %-13s %s 任务 %5d 逾期 %5d 记录 %6d  %s\n", l.ID, l.Mechanism, state, l.Open, l.Late, l.Records, board.Clauses[i].Title)
	}
	fmt.Printf("\n%d 条中 %d 条有内容。\n", len(lines), live)
	return nil
}
