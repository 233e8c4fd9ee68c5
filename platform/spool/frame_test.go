package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"shouwang/platform/crypto"
)

// Whatever lies between two records, both come back, every byte is accounted
// for, and nothing panics.
func FuzzScan(f *testing.F) {
	key := must(parsePrivateKey(private))
	one := must(seal(must(crypto.ParsePublicKey(public)), "one", []byte("一")))
	two := must(seal(must(crypto.ParsePublicKey(public)), "two", []byte("二")))
	for _, junk := range [][]byte{nil, []byte(mark), one[:head], one[:len(one)-1], one[1:], append(bytes.Clone(one[:30]), two[:30]...), make([]byte, 50)} {
		f.Add(junk)
	}
	f.Fuzz(func(t *testing.T, junk []byte) {
		text := append(append(bytes.Clone(one), junk...), two...)
		at, first, last := 0, "", ""
		for fr := range scan("x", text, nil) {
			if fr.at != at || fr.length < 1 {
				t.Fatalf("%d bytes at %d after %d", fr.length, fr.at, at)
			}
			at += fr.length
			if fr.damage != nil {
				last = ""
				continue
			}
			if data, err := fr.open(key); err == nil {
				last = string(data)
				if first == "" {
					first = last
				}
			}
		}
		if at != len(text) || first != "一" || last != "二" {
			t.Fatalf("%d of %d bytes, %q first and %q last", at, len(text), first, last)
		}
	})
}

// FuzzOpen gives a whole frame a content that nobody sealed.
func FuzzOpen(f *testing.F) {
	key := must(parsePrivateKey(private))
	whole := must(parse(must(seal(must(crypto.ParsePublicKey(public)), "one", []byte("一")))))
	f.Add(whole.wrapped, whole.sealed)
	f.Add(whole.wrapped[:40], whole.sealed)
	f.Add([]byte{0x30}, []byte{})
	f.Fuzz(func(t *testing.T, wrapped, sealed []byte) {
		data, err := frame{id: "one", wrapped: wrapped, sealed: sealed}.open(key)
		if err == nil && !(bytes.Equal(sealed, whole.sealed) && string(data) == "一") {
			t.Fatalf("%x opened to %q", sealed, data)
		}
	})
}

func FuzzReadKey(f *testing.F) {
	f.Add(private)
	f.Add(public)
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := parsePrivateKey(text); err == nil && key == nil {
			t.Fatal("neither a key nor an error")
		}
	})
}

// badSectors does not give back the bytes of some sectors.
type badSectors struct {
	text []byte
	bad  map[int64]bool
}

var errIO = errors.New("input/output error")

func (b badSectors) ReadAt(p []byte, at int64) (int, error) {
	for s := at / sector; s*sector < at+int64(len(p)); s++ {
		if b.bad[s] {
			return 0, errIO
		}
	}
	return copy(p, b.text[at:]), nil
}

func TestRead_GoesAroundWhatTheDiskDoesNotGiveBack(t *testing.T) {
	public := must(crypto.ParsePublicKey(public))
	var text []byte
	for _, id := range []string{"a", "b", "c"} {
		text = append(text, must(seal(public, id, make([]byte, 3*sector)))...)
	}
	data, unreadable := readAround(badSectors{text, map[int64]bool{4: true}}, int64(len(text)))
	if len(unreadable) != 1 || unreadable[0].At != 4*sector || unreadable[0].Kind != Unreadable || !errors.Is(unreadable[0], errIO) {
		t.Fatalf("%v", unreadable)
	}
	var whole []string
	kinds := map[Kind]int{}
	for f := range scan("x", data, unreadable) {
		if f.damage != nil {
			kinds[f.damage.Kind]++
			continue
		}
		whole = append(whole, f.id)
	}
	if len(whole) != 2 || whole[0] != "a" || whole[1] != "c" || kinds[Unreadable] != 1 || kinds[Damaged] != 1 {
		t.Fatalf("%v, %v", whole, kinds)
	}
	if all, none := readAround(badSectors{text, nil}, int64(len(text))); !bytes.Equal(all, text) || none != nil {
		t.Fatal("a sound disk is not read as it is")
	}
	// A file that cannot be opened at all is said too.
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, nameOf(1))); err != nil {
		t.Fatal(err)
	}
	if _, found, err := Check(dir); err != nil || len(found) != 1 || found[0].Kind != Unreadable || found[0].File != nameOf(1) {
		t.Fatalf("%v, %v", found, err)
	}
}
