package identity

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"
)

// secret holds digits that must not be printed by accident. They sit behind
// a pointer because fmt walks into the unexported fields of a caller's struct
// without asking their methods; there it then finds an address. Two secrets
// are equal (==) when their digits are.
type secret struct{ handle unique.Handle[string] }

func keep(digits string) secret { return secret{unique.Make(digits)} }

// IsZero reports whether there is nothing inside.
func (s secret) IsZero() bool { return s == secret{} }

// Reveal gives the digits, for sealing, comparing and the screens of those
// who may see them. Never log what it returns.
func (s secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.handle.Value()
}

// String gives the mask; so do %v, %#v, slog and JSON.
func (s secret) String() string { return Mask(s.Reveal()) }

func (s secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, s.String()) }
func (s secret) LogValue() slog.Value         { return slog.StringValue(s.String()) }
func (s secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Mask hides the middle of a number: 5002***********061, 139****1234. What
// is too short to be either is hidden whole.
func Mask(text string) string {
	r := []rune(text)
	head, tail := 0, 0
	switch {
	case len(r) >= 15:
		head, tail = 4, 3
	case len(r) >= 11:
		head, tail = len(r)-8, 4
	}
	return string(r[:head]) + strings.Repeat("*", len(r)-head-tail) + string(r[len(r)-tail:])
}
