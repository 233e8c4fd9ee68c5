package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"shouwang/platform/fault"
)

// The cost of one check, about 50 ms on an office machine; two at a time bound
// the memory that a flood of sign-ins can take.
const (
	argonTime    = 2
	argonMemory  = 19 * 1024
	argonThreads = 1
)

var checking = make(chan struct{}, 2)

func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	sum, err := derive(ctx, password, salt, argonTime, argonMemory)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

func derive(ctx context.Context, password string, salt []byte, time, memory uint32) ([]byte, error) {
	select {
	case checking <- struct{}{}:
		defer func() { <-checking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, time, memory, argonThreads, 32), nil
}

// absent is checked when there is no such user, so that the answer takes as
// long as for one who exists.
const absent = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func checkPassword(ctx context.Context, stored, password string) (bool, error) {
	if stored == "" {
		stored = absent
	}
	var memory, time uint32
	var threads uint8
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("account: a stored password has an unknown form")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return false, fmt.Errorf("account: a stored password has an unknown form: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("account: a stored password has an unknown form: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("account: a stored password has an unknown form: %w", err)
	}
	got, err := derive(ctx, password, salt, time, memory)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && stored != absent, nil
}

// commonPasswords are refused whatever their length; the list is short because
// twelve characters already exclude most of the usual ones.
var commonPasswords = []string{"123456", "password", "qwerty", "abc123", "111111", "admin", "888888", "666666", "asdfgh", "iloveyou"}

// acceptable refuses a password that a stranger would try first.
func acceptable(password, username string) error {
	lower := strings.ToLower(password)
	for _, p := range commonPasswords {
		lower = strings.ReplaceAll(lower, p, "")
	}
	if username != "" {
		lower = strings.ReplaceAll(lower, strings.ToLower(username), "")
	}
	e := fault.NewInvalid("password.weak", "密码太容易被猜到，请换一个。")
	switch {
	case utf8.RuneCountInString(password) < 12:
		return e.At("password", "至少 12 个字符，可以用一句话")
	case utf8.RuneCountInString(password) > 128:
		return e.At("password", "最多 128 个字符")
	case utf8.RuneCountInString(lower) < 6 || strings.Count(lower, lower[:1]) == len(lower):
		return e.At("password", "不要用账号名、连续数字或常见密码")
	}
	return nil
}

// codeLetters leaves out what is confused in print: 0 O 1 I L.
const codeLetters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

// newCode makes an activation code to print: 13 letters, over 64 bits.
func newCode() string {
	b := make([]byte, 13)
	rand.Read(b)
	var s strings.Builder
	for i, c := range b {
		if i == 5 || i == 9 {
			s.WriteByte('-')
		}
		// 248 = 8 × 31: larger bytes are drawn again, so that every letter is as likely
		for c >= 248 {
			var again [1]byte
			rand.Read(again[:])
			c = again[0]
		}
		s.WriteByte(codeLetters[int(c)%len(codeLetters)])
	}
	return s.String()
}
