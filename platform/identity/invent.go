package identity

import (
	"fmt"
	"strings"
)

// Invent makes a well-formed number for an invented person, for demonstrations
// and tests: address is six digits, birth is 2006-01-02, serial 0 to 999, odd
// for men. What it gives may by chance be somebody's; it is never shown but
// beside the mark of an invented person.
func Invent(address, birth string, serial int) string {
	first := fmt.Sprintf("%s%s%03d", address, strings.ReplaceAll(birth, "-", ""), serial)
	return first + string(checkDigit(first))
}
