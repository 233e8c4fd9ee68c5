package main

import (
	"context"
	"fmt"
	"os"

	"shouwang/app"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
)

type regions struct {
	Change regionChange `cmd:"" help:"Move all that is live from divisions to what they became. Run the same list again to go on after a stop."`
}

type regionChange struct {
	Where
	File string `arg:"" type:"existingfile" help:"CSV: old code, new code, and the name of a new one that is not in the book."`
	On   string `required:"" help:"The day from which it holds, as 2026-12-01."`
}

func (r regionChange) Run(ctx context.Context) error {
	a, err := app.Open(ctx, r.config(false))
	if err != nil {
		return err
	}
	defer a.Close()
	f, err := os.Open(r.File)
	if err != nil {
		return err
	}
	defer f.Close()
	changes, err := app.ReadChanges(f)
	if err != nil {
		return err
	}
	done := 0
	return a.ChangeRegions(authz.AsSystem(ctx, "region change"), changes, clock.Day(r.On), func(c app.Change, moved int64) {
		done++
		fmt.Printf("%d / %d  %s → %s  %d 条记录\n", done, len(changes), c.From, c.Into, moved)
	})
}
