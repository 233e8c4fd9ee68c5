// Package clock is the only place the program learns what time it is. Moments
// are time.Time in UTC; days are Day, a civil date in China, because every
// deadline of the plan is counted in the days an office keeps, and a child
// turns sixteen on a day, not at a moment.
package clock

import (
	"fmt"
	"sync"
	"time"
)

// Clock tells the time. Tests replace it.
type Clock interface{ Now() time.Time }

// System is the machine's own clock, to the millisecond the store keeps.
type System struct{}

// Now returns the present moment in UTC.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Manual is a clock that stands still until it is moved.
type Manual struct {
	mu sync.Mutex
	at time.Time
}

// NewManual starts a manual clock at a moment.
func NewManual(at time.Time) *Manual { return &Manual{at: at.UTC().Truncate(time.Millisecond)} }

// Now returns the moment the clock was last set to.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

// Set moves the clock to a moment.
func (m *Manual) Set(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = at.UTC().Truncate(time.Millisecond)
}

// Advance moves the clock forward.
func (m *Manual) Advance(d time.Duration) { m.Set(m.Now().Add(d)) }

// china has had one zone and no summer time since 1991; birth dates before
// that are dates already and never pass through here.
var china = time.FixedZone("Asia/Shanghai", 8*60*60)

// Day is a civil date in China, "2006-01-02"; empty means not known.
type Day string

// Today is the civil day it is now.
func Today(c Clock) Day { return DayOf(c.Now()) }

// DayOf is the civil day of a moment; empty for the zero moment.
func DayOf(t time.Time) Day {
	if t.IsZero() {
		return ""
	}
	return Day(t.In(china).Format(time.DateOnly))
}

// ParseDay accepts only a real date in ISO form.
func ParseDay(s string) (Day, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("day %q is no date", s)
	}
	return Day(s), nil
}

// Valid reports whether d is a real date.
func (d Day) Valid() bool { _, err := time.Parse(time.DateOnly, string(d)); return err == nil }

// Chinese writes the day as documents do: 2026年11月27日.
func (d Day) Chinese() string {
	if !d.Valid() {
		return string(d)
	}
	return d.time().Format("2006年1月2日")
}

// Minute writes a moment of China as documents do: 2026年11月27日 8时05分.
func Minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(china).Format("2006年1月2日 15时04分")
}

func (d Day) time() time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, string(d), china)
	return t
}

// Start is the moment d begins.
func (d Day) Start() time.Time { return d.time().UTC() }

// End is the moment the next day begins: a duty due on d is late from then.
func (d Day) End() time.Time { return d.AddDays(1).Start() }

// AddDays moves by days; an unknown day stays unknown.
func (d Day) AddDays(n int) Day {
	if d == "" {
		return ""
	}
	return Day(d.time().AddDate(0, 0, n).Format(time.DateOnly))
}

// AddMonths moves by months and stays inside the month it lands in: one month
// after 31 January is the last day of February, not a day in March.
func (d Day) AddMonths(n int) Day {
	if d == "" {
		return ""
	}
	t := d.time()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, china)
	last := first.AddDate(0, 1, -1).Day()
	return Day(first.AddDate(0, 0, min(t.Day(), last)-1).Format(time.DateOnly))
}

// DaysUntil counts the days from d to e; negative when e is earlier.
func (d Day) DaysUntil(e Day) int { return int(e.time().Sub(d.time()).Hours() / 24) }

// AgeOn is the age in full years on a day. Someone born on 29 February comes
// of age on 1 March of a common year: 周岁 is reached the day after the
// birthday in law for criminal matters, but civil guardianship counts the
// birthday itself, which 29 February lacks.
func (d Day) AgeOn(on Day) int {
	b, t := d.time(), on.time()
	age := t.Year() - b.Year()
	if t.Month() < b.Month() || t.Month() == b.Month() && t.Day() < b.Day() {
		age--
	}
	return age
}

// Birthday is the day the person born on d reaches an age.
func (d Day) Birthday(age int) Day {
	if d == "" {
		return ""
	}
	b := d.time()
	return Day(time.Date(b.Year()+age, b.Month(), b.Day(), 0, 0, 0, 0, china).Format(time.DateOnly))
}
