package spool

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"shouwang/platform/crypto"
)

var report = make([]byte, 2000) // about what a report with its receipt takes

// BenchmarkAppend gives the spool beside a plain file that is written and
// synced for every record, in the clear: alone, and with 64 who wait at once.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run("plain/"+strconv.Itoa(callers), func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			var one sync.Mutex
			share(b, callers, func(int) error {
				one.Lock()
				defer one.Unlock()
				if _, err := f.Write(report); err != nil {
					return err
				}
				return f.Sync()
			})
		})
		b.Run("spool/"+strconv.Itoa(callers), func(b *testing.B) {
			s, err := Open(b.TempDir(), public, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			share(b, callers, func(i int) error { return s.Append(context.Background(), strconv.Itoa(i), report) })
		})
	}
}

// share lets so many callers at once do a benchmark's work.
func share(b *testing.B, callers int, work func(i int) error) {
	next := make(chan int, callers)
	var all sync.WaitGroup
	b.ResetTimer()
	for range callers {
		all.Go(func() {
			for i := range next {
				if err := work(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkSeal(b *testing.B) {
	public := must(crypto.ParsePublicKey(public))
	for b.Loop() {
		must(seal(public, "r", report))
	}
}
