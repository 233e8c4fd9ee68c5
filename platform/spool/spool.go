// Package spool is the second durable copy of what was acknowledged and must
// not be lost: if the store and its disk are gone, the records are rebuilt from
// here. It lies on another disk where the installation has one.
//
// A record is sealed to a public key whose private half is kept offline, so
// neither the server nor a thief of the folder can read it back. Files are only
// ever appended to, and never by a second run: an opened spool begins a file of
// its own, so nothing that was acknowledged is touched again.
package spool

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"shouwang/platform/crypto"
)

var (
	// ErrFailed means that a write or a sync of this spool went wrong. What the
	// disk holds since then is unknown, and a sync that is tried again may
	// succeed without having written anything: only opening anew helps.
	ErrFailed = errors.New("spool: a write failed; nothing more is taken until it is opened anew")
	// ErrClosed means that the spool was closed before the record was taken.
	ErrClosed = errors.New("spool: closed")
)

const (
	// MaxRecord is the most bytes a record may have.
	MaxRecord = 16 << 20
	maxFile   = 64 << 20 // a file that would grow past this is followed by the next
	maxBatch  = 1 << 20  // records are joined into one sync up to this size
)

// Options may stay empty.
type Options struct {
	// Tell is called by Open for every damage it finds; the log is told when
	// it is nil.
	Tell func(*Damage)

	disk   disk
	rotate int
}

// disk is what the spool asks of a folder; tests break it.
type disk interface {
	// create makes a file that must not be there yet, to be appended to.
	create(name string) (file, error)
	// sync makes the names of the folder's files durable.
	sync() error
	remove(name string) error
}

type file interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

// Spool is a folder that is open for appending. Several goroutines may use it.
type Spool struct {
	public *ecdsa.PublicKey
	queue  chan *entry
	stop   chan struct{}
	close  sync.Once
	done   chan struct{}

	// What follows belongs to the goroutine of run.
	disk   disk
	rotate int
	number int
	file   file
	size   int // of file
	err    error
}

type entry struct {
	frame []byte
	done  chan error // takes one without waiting
}

// Open opens a folder for appending records sealed to a public key in PEM, and
// looks through its newest file. The folder must be there: one that is missing
// is most likely a disk that is not mounted, and making it would put the second
// copy beside the first.
func Open(dir, publicKey string, o Options) (*Spool, error) {
	public, err := crypto.ParsePublicKey(publicKey)
	if err != nil {
		return nil, fmt.Errorf("opening the spool: %w", err)
	}
	names, err := files(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the spool: %w", err)
	}
	if o.Tell == nil {
		o.Tell = func(d *Damage) { slog.Warn("the spool is damaged", "cause", d) }
	}
	s := &Spool{public: public, queue: make(chan *entry), stop: make(chan struct{}), done: make(chan struct{}), disk: o.disk, rotate: o.rotate}
	if s.disk == nil {
		s.disk = folder(dir)
	}
	if s.rotate == 0 {
		s.rotate = maxFile
	}
	for _, name := range slices.Backward(names) {
		s.number = max(s.number, numberOf(name))
		data, unreadable := load(filepath.Join(dir, name))
		for f := range scan(name, data, unreadable) {
			if f.damage != nil {
				o.Tell(f.damage)
			}
		}
		if len(data) > 0 || len(unreadable) > 0 {
			break
		}
	}
	if err := s.next(); err != nil {
		return nil, fmt.Errorf("opening the spool: %w", err)
	}
	go s.run()
	return s, nil
}

// Append returns nil once the record is on the disk; records that wait at the
// same moment share one sync. Any error means that it must not be acknowledged,
// though it may turn up when the spool is read. The id lies in the open, so it
// may tell nothing: up to 64 letters, digits, - and _. It returns ErrFailed or
// ErrClosed when the spool takes nothing more.
func (s *Spool) Append(ctx context.Context, id string, record []byte) error {
	frame, err := seal(s.public, id, record)
	if err != nil {
		return err
	}
	e := &entry{frame, make(chan error, 1)}
	select {
	case s.queue <- e:
	case <-s.stop:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("appending %s to the spool: %w", id, ctx.Err())
	}
	select {
	case err := <-e.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("appending %s to the spool: %w", id, ctx.Err())
	}
}

// Close ends the spool after the records it has taken; a file that nothing was
// written to is removed.
func (s *Spool) Close() error {
	s.close.Do(func() { close(s.stop) })
	<-s.done
	return s.err
}

// run writes what is appended, one batch and one sync at a time.
func (s *Spool) run() {
	defer close(s.done)
	for {
		select {
		case e := <-s.queue:
			batch, text := []*entry{e}, e.frame
			for more := true; more && len(text) < maxBatch; {
				select {
				case e := <-s.queue:
					batch, text = append(batch, e), append(text, e.frame...)
				default:
					more = false
				}
			}
			err := s.write(text)
			for _, e := range batch {
				e.done <- err
			}
		case <-s.stop:
			if err := s.end(); s.err == nil {
				s.err = err
			}
			return
		}
	}
}

func (s *Spool) write(text []byte) error {
	if s.err != nil {
		return s.err
	}
	err := s.put(text)
	if err != nil {
		s.err = fmt.Errorf("%w: %w", ErrFailed, err)
	}
	return s.err
}

func (s *Spool) put(text []byte) error {
	if s.size > 0 && s.size+len(text) > s.rotate {
		if err := errors.Join(s.file.Close(), s.next()); err != nil {
			return err
		}
	}
	n, err := s.file.Write(text)
	s.size += n
	if err != nil {
		return err
	}
	return s.file.Sync()
}

// next begins the next file. Its name is durable before a record is.
func (s *Spool) next() error {
	for {
		s.number++
		f, err := s.disk.create(nameOf(s.number))
		if errors.Is(err, fs.ErrExist) { // of another run, which has it to itself
			continue
		} else if err != nil {
			return err
		}
		s.file, s.size = f, 0
		return s.disk.sync()
	}
}

func (s *Spool) end() error {
	err := s.file.Close()
	if s.size == 0 && s.err == nil {
		err = errors.Join(err, s.disk.remove(nameOf(s.number)))
	}
	return err
}

// folder is a real one.
type folder string

func (d folder) create(name string) (file, error) {
	return os.OpenFile(filepath.Join(string(d), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
}

func (d folder) sync() error {
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d folder) remove(name string) error { return os.Remove(filepath.Join(string(d), name)) }

const namePattern = "%08d.spool"

func nameOf(number int) string { return fmt.Sprintf(namePattern, number) }

// numberOf is 0 for a name that is none of the spool's.
func numberOf(name string) int {
	var n int
	if _, err := fmt.Sscanf(name, namePattern, &n); err != nil || nameOf(n) != name {
		return 0
	}
	return n
}

// files are the names of a spool's files in the order they were begun.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if numberOf(e.Name()) > 0 {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return numberOf(a) - numberOf(b) })
	return names, nil
}
