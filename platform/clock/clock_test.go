package clock_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwang/platform/clock"
)

func TestDayOf_TheDayTurnsAtMidnightInChina(t *testing.T) {
	eve := time.Date(2026, 11, 22, 15, 59, 59, 0, time.UTC)
	if d := clock.DayOf(eve); d != "2026-11-22" {
		t.Fatal(d)
	}
	if d := clock.DayOf(eve.Add(time.Second)); d != "2026-11-23" {
		t.Fatal(d)
	}
}

func TestAddMonths_StaysInTheMonthItLandsIn(t *testing.T) {
	for _, c := range []struct {
		from clock.Day
		n    int
		want clock.Day
	}{{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2026-11-30", 3, "2027-02-28"}, {"2026-03-15", -1, "2026-02-15"}, {"", 3, ""}} {
		if got := c.from.AddMonths(c.n); got != c.want {
			t.Errorf("%s + %d months: %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestAge_TheBirthdayIsTheFirstDayOfTheNewAge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		born := clock.Day("1996-01-01").AddDays(rapid.IntRange(0, 12000).Draw(t, "born"))
		age := rapid.IntRange(1, 18).Draw(t, "age")
		day := born.Birthday(age)
		if born.AgeOn(day) != age || born.AgeOn(day.AddDays(-1)) != age-1 {
			t.Fatalf("born %s: at %s %d, the day before %d", born, day, born.AgeOn(day), born.AgeOn(day.AddDays(-1)))
		}
	})
}
