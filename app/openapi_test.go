package app_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"shouwang/app"
)

// TestOpenAPI_TheCommittedContractIsInStep fails when a handler's types changed
// and openapi.yaml did not; `make generate` writes it.
func TestOpenAPI_TheCommittedContractIsInStep(t *testing.T) {
	a, err := app.Open(context.Background(), app.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	got, err := a.API.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../openapi.yaml"
	if os.Getenv("SHOUWANG_GENERATE") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Fatal("openapi.yaml is not what the handlers say: run make generate")
	}
}
