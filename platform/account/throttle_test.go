package account

import (
	"fmt"
	"testing"
	"time"

	"shouwang/platform/clock"
)

func tries(t *throttle, username, device string, n int) (allowed int) {
	for range n {
		if t.allow(username, device) {
			allowed++
		}
	}
	return allowed
}

func TestThrottle_SixTriesAMinuteForEachNameAndEachKnownDevice(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
	th := newThrottle(c)
	for what, got := range map[string]int{
		"strangers at one name": tries(th, "zhou", "", 50), "a known device": tries(th, "zhou", "d1", 50),
		"another known device": tries(th, "zhou", "d2", 50), "strangers at another name": tries(th, "wu", "", 50),
	} {
		if got != triesPerMinute {
			t.Errorf("%s: %d tries", what, got)
		}
	}
	c.Advance(30 * time.Second)
	if got := tries(th, "zhou", "", 50); got != triesPerMinute/2 {
		t.Errorf("half a minute later: %d tries", got)
	}
}

func TestThrottle_OneGuessAtEachOfManyNamesIsBoundedAndKnownDevicesAreNot(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
	th := newThrottle(c)
	allowed := 0
	for i := range 2000 {
		allowed += tries(th, fmt.Sprint("name", i), "", 1)
	}
	if allowed != strangersPerMinute {
		t.Errorf("%d guesses at as many names in one minute", allowed)
	}
	if tries(th, "zhou", "d1", 1) != 1 {
		t.Error("a known device waits for strangers")
	}
}

func TestThrottle_HammeringOnOneNameLeavesStrangersTheOthers(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
	th := newThrottle(c)
	tries(th, "zhou", "", 10_000)
	if tries(th, "wu", "", 1) != 1 {
		t.Error("tries at one name used up what strangers share")
	}
}

func TestThrottle_ForgetsOnlyWhatSaysNothing(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC))
	th := newThrottle(c)
	tries(th, "idle", "d1", 1)
	c.Advance(time.Minute)
	tries(th, "busy", "d1", 6)
	th.forget(c.Now())
	if len(th.buckets) != 1 || tries(th, "busy", "d1", 1) != 0 {
		t.Errorf("%d allowances are kept", len(th.buckets))
	}
}
