package account

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"shouwang/platform/clock"
)

// throttle bounds guesses at passwords. A user name has one allowance for
// devices never seen before, shared by all strangers, and one for each device
// that has signed in as that user; so strangers exhaust their own allowance
// and never the victim's. Unknown devices share a budget over all names too,
// against one guess at each of many names; known devices do not touch it.
type throttle struct {
	mu        sync.Mutex
	clock     clock.Clock
	buckets   map[string]*rate.Limiter
	strangers *rate.Limiter
}

const (
	triesPerMinute     = 6
	strangersPerMinute = 300
	mostBuckets        = 100_000
)

func newThrottle(c clock.Clock) *throttle {
	return &throttle{clock: c, buckets: map[string]*rate.Limiter{},
		strangers: rate.NewLimiter(rate.Every(time.Minute/strangersPerMinute), strangersPerMinute)}
}

// allow takes one try from the right allowance.
func (t *throttle) allow(username string, knownDevice string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	key := "d/" + knownDevice + "/" + username
	if knownDevice == "" {
		key = "s/" + username
	}
	b := t.buckets[key]
	if b == nil {
		if len(t.buckets) >= mostBuckets {
			t.forget(now)
		}
		b = rate.NewLimiter(rate.Every(time.Minute/triesPerMinute), triesPerMinute)
		t.buckets[key] = b
	}
	// The name's own allowance comes first: who hammers on one name does not use
	// up what strangers share for all the others.
	return b.AllowN(now, 1) && (knownDevice != "" || t.strangers.AllowN(now, 1))
}

// forget drops allowances that are full again and so say nothing.
func (t *throttle) forget(now time.Time) {
	for key, b := range t.buckets {
		if b.TokensAt(now) >= triesPerMinute {
			delete(t.buckets, key)
		}
	}
}
