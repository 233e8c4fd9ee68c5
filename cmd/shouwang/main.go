// Command shouwang is the one binary: the server, a county's first day, the
// demonstration, and what an operator does from a shell. It is thin: every
// command opens the program (package app) and calls it.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"shouwang/app"
)

// Where says which store a command works on.
type Where struct {
	DB   string `name:"db" required:"" env:"SHOUWANG_DB" help:"sqlite:PATH or postgres://…"`
	Data string `env:"SHOUWANG_DATA" help:"Folder for the key and files; beside the SQLite file when not given."`
	Key  string `env:"SHOUWANG_KEY" help:"The installation's key file."`
}

func (w Where) config(create bool) app.Config {
	return app.Config{DB: w.DB, Data: w.Data, Key: w.Key, Create: create}
}

type commands struct {
	Serve   serve   `cmd:"" help:"Serve the program."`
	Init    initial `cmd:"" help:"A real county's first day: code, key, administrators, the numbers it confirms."`
	Demo    demo    `cmd:"" help:"Fill an empty database with the demonstration county and print its sign-in names."`
	Region  regions `cmd:"" help:"Divisions of the country: merge and rename."`
	Staff   staff   `cmd:"" help:"Give the people of a staff roster accounts, posts and activation codes."`
	Import  imports `cmd:"" help:"Import a roster."`
	Clauses clauses `cmd:"" help:"Each clause of the plan and whether it is live."`
	Audit   audit   `cmd:"" help:"The journal: prove it whole."`
	Spool   spools  `cmd:"" help:"The second copy of mandatory reports: make its keys, look through it, read it back."`
	Migrate migrate `cmd:"" help:"Bring the schema to this version."`
	Doctor  doctor  `cmd:"" help:"Look for what is wrong with this installation."`
	OpenAPI openapi `cmd:"" name:"openapi" help:"Print the API's contract." hidden:""`
	Version version `cmd:"" help:"Print the version."`
}

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parsed := kong.Parse(&c, kong.Name("shouwang"), kong.Description("守望: a county's protection of its rural left-behind children."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "shouwang:", explain(err))
		stop()
		os.Exit(1)
	}
}
