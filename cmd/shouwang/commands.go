package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"shouwang/app"
	"shouwang/platform/account"
	"shouwang/platform/fault"
	"shouwang/platform/notify"
)

// explain prefers the sentence meant for a person, with the cause behind it.
func explain(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		text := f.Text
		for path, reason := range f.Fields {
			text += fmt.Sprintf("\n  %s: %s", path, reason)
		}
		return text
	}
	return err.Error()
}

type serve struct {
	Where
	Listen string `default:"127.0.0.1:8080" env:"SHOUWANG_LISTEN" help:"Address to answer on."`
	Secure bool   `help:"Cookies only over TLS; set it wherever a TLS front stands before the program."`

	Spool    string `env:"SHOUWANG_SPOOL" placeholder:"DIR" help:"Folder on another disk for the second copy of mandatory reports; no receipt is given before it is there."`
	SpoolKey string `env:"SHOUWANG_SPOOL_KEY" placeholder:"FILE" help:"The public key the copies are sealed to, as 'spool keygen' makes it."`

	Gateway      string `env:"SHOUWANG_GATEWAY" placeholder:"URL" help:"Where urgent notices go out, as docs/gateway.md says; without one they stay inside the program."`
	GatewayToken string `env:"SHOUWANG_GATEWAY_TOKEN" placeholder:"TOKEN" help:"The token by which the gateway knows this installation; better given by the environment."`
}

func (s serve) Run(ctx context.Context) error {
	config := s.config(false)
	config.Secure, config.Spool, config.SpoolKey = s.Secure, s.Spool, s.SpoolKey
	config.Demo = demoAccounts(s.Where)
	if s.Gateway != "" {
		g, err := notify.NewGateway(s.Gateway, s.GatewayToken)
		if err != nil {
			return err
		}
		config.Gateway = g
	}
	a, err := app.Open(ctx, config)
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Serve(ctx, s.Listen)
}

// demoAccounts reads the sign-in names that `demo` left beside the store; a
// real county has no such file.
func demoAccounts(w Where) []account.Demo {
	text, err := os.ReadFile(demoFile(w))
	if err != nil {
		return nil
	}
	var demo []account.Demo
	if json.Unmarshal(text, &demo) != nil {
		return nil
	}
	return demo
}

func demoFile(w Where) string { return filepath.Join(w.config(false).Folder(), "demo-accounts.json") }

type migrate struct{ Where }

func (m migrate) Run(ctx context.Context) error {
	a, err := app.Open(ctx, m.config(false))
	if err != nil {
		return err
	}
	return a.Close()
}

type version struct{}

func (version) Run() error { fmt.Println(app.Version); return nil }

type openapi struct{}

func (openapi) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "shouwang-openapi-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(dir, "x.db"), Create: true})
	if err != nil {
		return err
	}
	defer a.Close()
	text, err := a.API.OpenAPI()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
