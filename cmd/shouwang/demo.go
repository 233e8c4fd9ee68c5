package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"shouwang/app"
	"shouwang/platform/account"
	"shouwang/platform/clock"
)

type demo struct {
	Where
	Children int `default:"1200" help:"How many invented children."`
}

func (d demo) Run(ctx context.Context) error {
	now := time.Now()
	hands := clock.NewManual(now)
	config := d.config(true)
	config.Clock = hands
	a, err := app.Open(ctx, config)
	if err != nil {
		return err
	}
	defer a.Close()
	accounts, err := a.Demonstrate(ctx, d.Children, hands, now, func(line string) { fmt.Fprintln(os.Stderr, line) })
	if err != nil {
		return err
	}
	text, err := json.Marshal(accounts)
	if err != nil {
		return err
	}
	if err := os.WriteFile(demoFile(d.Where), text, 0o600); err != nil {
		return err
	}
	printAccounts(accounts)
	return nil
}

func printAccounts(accounts []account.Demo) {
	fmt.Println("演示账号（人物均为虚构）：")
	for _, n := range accounts {
		fmt.Printf("  %-14s %-18s %s  %s\n", n.Username, n.Password, n.RoleName, n.About)
	}
}
