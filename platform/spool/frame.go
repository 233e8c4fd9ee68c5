package spool

import (
	"bytes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"regexp"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

// A frame is one record as it lies in a file, numbers with the high byte first:
//
//	mark     8 bytes, by which a reader finds the next frame after damage
//	length   4 bytes, of the body
//	check    4 bytes, CRC-32C of mark and length
//	body     1 byte length of the id, the id; 2 bytes length of the key, the
//	         record's key under the public key (SM2, ASN.1); the record under
//	         its key (SM4-GCM, bound to the id)
//	sum      32 bytes, SM3 of all before it
//
// A file is frames and nothing else: there is no head to lose, and every frame
// can be opened without any other.
const (
	mark   = "\x89SWSP\r\n\x1a"
	head   = len(mark) + 4 + 4
	maxKey = 1 << 10
	extra  = 1 + 64 + 2 + maxKey + 16 // of a body beyond its record, at most
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	ids        = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// once is the cipher of one record. Its key seals nothing else, so the nonce
// may be zero.
func once(key []byte) (cipher.AEAD, []byte, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, err
	}
	return aead, make([]byte, aead.NonceSize()), nil
}

// seal makes a record's frame.
func seal(public *ecdsa.PublicKey, id string, record []byte) ([]byte, error) {
	if !ids.MatchString(id) {
		return nil, errors.New("spool: an id has 1 to 64 letters, digits, - or _")
	}
	if len(record) > MaxRecord {
		return nil, fmt.Errorf("spool: record %s is longer than %d bytes", id, MaxRecord)
	}
	key := make([]byte, sm4.BlockSize)
	rand.Read(key)
	wrapped, err := sm2.EncryptASN1(rand.Reader, public, key)
	if err != nil {
		return nil, fmt.Errorf("wrapping the key of record %s: %w", id, err)
	}
	aead, nonce, err := once(key)
	if err != nil {
		return nil, fmt.Errorf("sealing record %s: %w", id, err)
	}
	body := 1 + len(id) + 2 + len(wrapped) + len(record) + aead.Overhead()
	out := make([]byte, 0, head+body+sm3.Size)
	out = append(out, mark...)
	out = binary.BigEndian.AppendUint32(out, uint32(body))
	out = binary.BigEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
	out = append(append(out, byte(len(id))), id...)
	out = append(binary.BigEndian.AppendUint16(out, uint16(len(wrapped))), wrapped...)
	out = aead.Seal(out, nonce, record, []byte(id))
	sum := sm3.Sum(out)
	return append(out, sum[:]...), nil
}

// frame is what scan finds: a whole frame, or damage.
type frame struct {
	file            string
	at, length      int
	id              string
	wrapped, sealed []byte
	damage          *Damage
}

// open returns the record of a whole frame.
func (f frame) open(private *sm2.PrivateKey) ([]byte, error) {
	key, err := sm2.Decrypt(private, f.wrapped)
	if err != nil {
		return nil, err
	}
	aead, nonce, err := once(key)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nonce, f.sealed, []byte(f.id))
}

var (
	errDamaged = errors.New("it is not what was written")
	errShort   = errors.New("the file ends in the middle of it")
)

// parse reads the frame at the start of data; errShort when data ends inside.
func parse(data []byte) (frame, error) {
	if n := min(len(data), len(mark)); string(data[:n]) != mark[:n] {
		return frame{}, errDamaged
	}
	if len(data) < head {
		return frame{}, errShort
	}
	body := int(binary.BigEndian.Uint32(data[len(mark):]))
	if crc32.Checksum(data[:head-4], castagnoli) != binary.BigEndian.Uint32(data[head-4:]) || body > MaxRecord+extra {
		return frame{}, errDamaged
	}
	if len(data) < head+body+sm3.Size {
		return frame{}, errShort
	}
	if sum := sm3.Sum(data[:head+body]); !bytes.Equal(sum[:], data[head+body:head+body+sm3.Size]) {
		return frame{}, errDamaged
	}
	id, rest, ok := prefixed(data[head:head+body], 1)
	if !ok || !ids.Match(id) {
		return frame{}, errDamaged
	}
	wrapped, sealed, ok := prefixed(rest, 2)
	if !ok {
		return frame{}, errDamaged
	}
	return frame{length: head + body + sm3.Size, id: string(id), wrapped: wrapped, sealed: sealed}, nil
}

// prefixed splits off what a number of so many bytes gives the length of.
func prefixed(b []byte, size int) (value, rest []byte, ok bool) {
	if len(b) < size {
		return nil, nil, false
	}
	n := 0
	for _, x := range b[:size] {
		n = n<<8 | int(x)
	}
	if len(b)-size < n {
		return nil, nil, false
	}
	return b[size : size+n], b[size+n:], true
}

// Kind is what became of a place in a spool.
type Kind string

// The kinds of damage.
const (
	Torn       Kind = "torn"       // the file ends inside a record: its writing was cut off before it could be acknowledged
	Damaged    Kind = "damaged"    // what lies there is not what was written
	Unreadable Kind = "unreadable" // the disk does not give it back
	Foreign    Kind = "foreign"    // a whole record that another key opens
)

// Damage is a place in a spool from which no record comes back. Reading goes on
// behind it.
type Damage struct {
	File   string // its name in the folder
	At     int64  // bytes from the file's beginning
	Length int64  // bytes that were passed over
	Kind   Kind
	ID     string // of a foreign record
	Err    error
}

func (d *Damage) Error() string {
	return fmt.Sprintf("spool: %s at byte %d: %d bytes %s: %v", d.File, d.At, d.Length, d.Kind, d.Err)
}

func (d *Damage) Unwrap() error { return d.Err }

// scan finds the frames of a file, and names each stretch between them.
func scan(name string, data []byte, unreadable []*Damage) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		for _, d := range unreadable {
			d.File = name
			if !yield(frame{damage: d}) {
				return
			}
		}
		for at := 0; at < len(data); {
			f, err := parse(data[at:])
			f.file, f.at = name, at
			if err != nil {
				f.length = len(data) - at
				if next := bytes.Index(data[at+1:], []byte(mark)); next >= 0 {
					f.length = 1 + next
				}
				f.damage = &Damage{File: name, At: int64(at), Length: int64(f.length), Kind: Damaged, Err: errDamaged}
				// A record cut off by a crash is the last of its file, and the
				// blocks it was promised may be there as zeros.
				if at+f.length == len(data) && (errors.Is(err, errShort) || len(bytes.Trim(data[at:], "\x00")) == 0) {
					f.damage.Kind, f.damage.Err = Torn, errShort
				}
			}
			if !yield(f) {
				return
			}
			at += f.length
		}
	}
}

const sector = 4 << 10

// load reads a file around what the disk does not give back: that stays zero.
func load(path string) ([]byte, []*Damage) {
	f, err := os.Open(path)
	if err != nil {
		return nil, []*Damage{{Kind: Unreadable, Err: err}}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, []*Damage{{Kind: Unreadable, Err: err}}
	}
	return readAround(f, info.Size())
}

func readAround(r io.ReaderAt, size int64) ([]byte, []*Damage) {
	data := make([]byte, size)
	if _, err := r.ReadAt(data, 0); err == nil {
		return data, nil
	}
	var found []*Damage
	for at := int64(0); at < size; at += sector {
		part := data[at:min(at+sector, size)]
		if _, err := r.ReadAt(part, at); err != nil {
			clear(part)
			found = append(found, &Damage{At: at, Length: int64(len(part)), Kind: Unreadable, Err: err})
		}
	}
	return data, found
}
