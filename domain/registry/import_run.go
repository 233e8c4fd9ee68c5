package registry

import (
	"context"
	"fmt"
	"os"
	"time"
)

func openPath(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the roster: %w", err)
	}
	return f, nil
}

// work does jobs until the import rests, and tells how far it has come. A
// server on the same database may do some of them: then it waits.
func (m *Imports) work(ctx context.Context, id string, progress func(Import)) (*Import, error) {
	const often = 250 * time.Millisecond
	watching, stop := context.WithCancel(ctx)
	defer stop()
	if progress != nil {
		go func() {
			for {
				select {
				case <-watching.Done():
					return
				case <-time.After(often):
				}
				if i, err := m.find(watching, m.service.db, id); err == nil {
					progress(*i)
				}
			}
		}()
	}
	for {
		n, err := m.queue.Step(ctx)
		if err != nil {
			return nil, fmt.Errorf("working on the import: %w", err)
		}
		i, err := m.find(ctx, m.service.db, id)
		if err != nil || !i.State.Running() {
			if i != nil && progress != nil {
				progress(*i)
			}
			return i, err
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(often):
		}
	}
}
