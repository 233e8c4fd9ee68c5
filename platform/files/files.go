// Package files keeps what is too large for a row: photographs, uploaded
// workbooks. Every file is sealed before it is written, under a key the caller
// holds; the folder alone tells nothing but sizes.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Store is a folder of sealed files. Nothing outside the folder can be named.
type Store struct{ root *os.Root }

// Open opens the folder, making it when there is none.
func Open(folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for files: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for files: %w", err)
	}
	return &Store{root}, nil
}

// Close closes the folder.
func (s *Store) Close() error { return s.root.Close() }

func place(id string) string { return filepath.Join(id[len(id)-2:], id) }

// Put writes a sealed file under an id and returns once it is on the disk: the
// file first, then the folder that names it.
func (s *Store) Put(id string, sealed []byte) error {
	name := place(id)
	dir := filepath.Dir(name)
	if err := s.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keeping file %s: %w", id, err)
	}
	f, err := s.root.OpenFile(name+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keeping file %s: %w", id, err)
	}
	_, err = f.Write(sealed)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = s.root.Rename(name+".part", name)
	}
	if err == nil {
		err = s.syncFolder(dir)
	}
	if err != nil {
		return fmt.Errorf("keeping file %s: %w", id, err)
	}
	return nil
}

func (s *Store) syncFolder(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get reads a sealed file.
func (s *Store) Get(id string) ([]byte, error) {
	b, err := s.root.ReadFile(place(id))
	if err != nil {
		return nil, fmt.Errorf("reading file %s: %w", id, err)
	}
	return b, nil
}

// Remove takes a file away; one that is not there is no error.
func (s *Store) Remove(id string) error {
	if err := s.root.Remove(place(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing file %s: %w", id, err)
	}
	return nil
}
