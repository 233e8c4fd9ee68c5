package spool

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"shouwang/platform/crypto"
)

// Record is what was appended.
type Record struct {
	ID   string
	Data []byte
}

// Read gives back what a folder holds, oldest first, under the private key in
// PEM. The same id with the same bytes comes once. A place from which nothing
// comes back is a *Damage, and reading goes on behind it; any other error is
// the last.
//
// A record says only that someone had the public key: whoever restores one
// checks the installation's signature on the receipt inside it.
func Read(dir, privateKey string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		private, err := parsePrivateKey(privateKey)
		if err != nil {
			yield(Record{}, err)
			return
		}
		seen := map[[sm3.Size]byte]bool{}
		for f, err := range frames(dir) {
			var data []byte
			switch {
			case err != nil:
			case f.damage != nil:
				err = f.damage
			default:
				if data, err = f.open(private); err != nil {
					err = &Damage{File: f.file, At: int64(f.at), Length: int64(f.length), Kind: Foreign, ID: f.id, Err: err}
					break
				}
				same := sm3.Sum(bytes.Join([][]byte{[]byte(f.id), data}, []byte{0}))
				if seen[same] {
					continue
				}
				seen[same] = true
			}
			r := Record{f.id, data}
			if err != nil {
				r = Record{}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Check looks through a whole folder without a key: how many records are whole,
// duplicates among them, and every damage but foreign records.
func Check(dir string) (whole int, found []*Damage, err error) {
	for f, err := range frames(dir) {
		switch {
		case err != nil:
			return whole, found, err
		case f.damage != nil:
			found = append(found, f.damage)
		default:
			whole++
		}
	}
	return whole, found, nil
}

// frames finds the frames of all files; an error is the last.
func frames(dir string) iter.Seq2[frame, error] {
	return func(yield func(frame, error) bool) {
		names, err := files(dir)
		if err != nil {
			yield(frame{}, fmt.Errorf("reading the spool: %w", err))
			return
		}
		for _, name := range names {
			data, unreadable := load(filepath.Join(dir, name))
			for f := range scan(name, data, unreadable) {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

// GenerateKey makes a pair of keys in PEM: the private one to be kept offline,
// the public one for the server.
func GenerateKey() (private, public string, err error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("making the spool's keys: %w", err)
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", fmt.Errorf("writing the spool's private key: %w", err)
	}
	public, err = crypto.MarshalPublicKey(&key.PublicKey)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), public, err
}

func parsePrivateKey(text string) (*sm2.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("spool: not a private key in PEM")
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the spool's private key: %w", err)
	}
	key, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return nil, errors.New("spool: not an SM2 private key")
	}
	return key, nil
}
