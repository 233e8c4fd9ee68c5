package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"shouwang/platform/crypto"
	"shouwang/platform/fault"
)

// The uploaded file lies sealed in pieces of 64 KiB, each bound to the import
// and to its place, the last one marked as last: pieces cannot be exchanged,
// left out or cut off unnoticed. It is sealed as it arrives, so that no
// readable copy of a roster ever lies on the disk.
const pieceSize = 64 << 10

func piecePlace(id string, index int, last bool) crypto.Place {
	column := "registry_import.file"
	if last {
		column += ".last"
	}
	return crypto.Place{Column: column, ID: id, Version: index}
}

// sealedOverhead is what sealing adds to a piece.
const sealedOverhead = 1 + 12 + 16

func (m *Imports) path(id string) string { return filepath.Join(m.folder, id) }

// keepFile seals src into the import's file and returns its size and digest
// once it is on the disk.
func (m *Imports) keepFile(id string, key *crypto.Key, src io.Reader) (size int64, digest []byte, err error) {
	if err := os.MkdirAll(m.folder, 0o700); err != nil {
		return 0, nil, fmt.Errorf("making the folder for rosters: %w", err)
	}
	f, err := os.OpenFile(m.path(id)+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, nil, fmt.Errorf("keeping the roster: %w", err)
	}
	size, digest, err = sealInto(f, id, key, src)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), m.path(id))
	}
	if err == nil {
		err = syncFolder(m.folder)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("keeping the roster: %w", errors.Join(err, m.dropFile(id)))
	}
	return size, digest, nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func sealInto(w io.Writer, id string, key *crypto.Key, src io.Reader) (size int64, digest []byte, err error) {
	sum := sha256.New()
	piece, next := make([]byte, pieceSize), make([]byte, pieceSize)
	n, ended, err := fill(src, piece)
	if err != nil {
		return 0, nil, err
	}
	if n == 0 {
		return 0, nil, fault.NewInvalid("sheet.empty", "文件是空的，请检查后重新上传。")
	}
	for index := 0; ; index++ {
		m, endedNext := 0, true
		if !ended { // only what follows tells whether this piece is the last
			if m, endedNext, err = fill(src, next); err != nil {
				return 0, nil, err
			}
		}
		if size += int64(n); size > importLimits.File {
			return 0, nil, errTooLarge()
		}
		sum.Write(piece[:n])
		if _, err := w.Write(key.Seal(piecePlace(id, index, m == 0), string(piece[:n]))); err != nil {
			return 0, nil, err
		}
		if m == 0 {
			return size, sum.Sum(nil), nil
		}
		piece, next, n, ended = next, piece, m, endedNext
	}
}

func errTooLarge() error {
	return fault.NewInvalid("sheet.too_large", "文件超过 %d MB，请删去图片等多余内容，或拆成几个文件再上传。", importLimits.File>>20)
}

// fill reads until the piece is full or the source has truly ended. An upload
// broken off in the middle is an error, never a shorter file: a list cut in
// half would lose children without a word.
func fill(src io.Reader, piece []byte) (n int, ended bool, err error) {
	for n < len(piece) {
		more, err := src.Read(piece[n:])
		n += more
		if errors.Is(err, io.EOF) {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

func (m *Imports) dropFile(id string) error {
	for _, name := range []string{m.path(id), m.path(id) + ".part"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the roster: %w", err)
		}
	}
	return nil
}

// sealedFile reads a kept roster at any place, opening pieces as they are
// asked for.
type sealedFile struct {
	file   *os.File
	id     string
	key    *crypto.Key
	pieces int
	size   int64

	mu     sync.Mutex
	opened [4]struct {
		index int // from 1; 0 is none
		text  string
	}
	next int
}

func (m *Imports) openFile(id string, key *crypto.Key) (*sealedFile, error) {
	f, err := os.Open(m.path(id))
	if err != nil {
		return nil, fmt.Errorf("opening the roster: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	const whole = pieceSize + sealedOverhead
	pieces := int((info.Size() + whole - 1) / whole)
	return &sealedFile{file: f, id: id, key: key, pieces: pieces, size: info.Size() - int64(pieces)*sealedOverhead}, nil
}

func (s *sealedFile) Close() error { return s.file.Close() }

// ReadAt may be called by several goroutines at once.
func (s *sealedFile) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= s.size {
			return n, io.EOF
		}
		text, err := s.piece(int(off / pieceSize))
		if err != nil {
			return n, err
		}
		c := copy(p[n:], text[off%pieceSize:])
		n, off = n+c, off+int64(c)
	}
	return n, nil
}

func (s *sealedFile) piece(index int) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.opened {
		if o.index == index+1 {
			return o.text, nil
		}
	}
	sealed := make([]byte, pieceSize+sealedOverhead)
	n, err := s.file.ReadAt(sealed, int64(index)*int64(len(sealed)))
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the roster: %w", err)
	}
	text, err := s.key.Open(piecePlace(s.id, index, index == s.pieces-1), sealed[:n])
	if err != nil {
		return "", fmt.Errorf("reading the roster: %w", err)
	}
	s.opened[s.next].index, s.opened[s.next].text = index+1, text
	s.next = (s.next + 1) % len(s.opened)
	return text, nil
}
