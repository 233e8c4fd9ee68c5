package state_test

import (
	"slices"
	"strings"
	"testing"

	"shouwang/platform/fault"
	"shouwang/platform/state"
)

type (
	stage string
	act   string
)

var table = state.Table[stage, act]{
	"received": {"accept": "accepted", "refer": "referred"},
	"accepted": {"close": "closed", "note": "accepted"},
}

func TestNext_WhatIsNotInTheTableIsNoMove(t *testing.T) {
	for _, from := range []stage{"received", "accepted", "referred", "closed", ""} {
		for _, by := range []act{"accept", "refer", "close", "note", ""} {
			want, ok := table[from][by]
			got, err := table.Next(from, by)
			if ok != (err == nil) || got != want || !ok && !fault.Is(err, fault.Conflict) {
				t.Errorf("%s by %s: %q, %v", from, by, got, err)
			}
		}
	}
}

func TestMoves_AreEveryPairOnceWithTheFirstState(t *testing.T) {
	want := []state.Move{{"", "received"}, {"accepted", "accepted"}, {"accepted", "closed"}, {"received", "accepted"}, {"received", "referred"}}
	if got := table.Moves("received"); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestDraw_ShowsEveryMoveAndIsTheSameEachTime(t *testing.T) {
	drawn := table.Draw("received")
	for range 20 {
		if table.Draw("received") != drawn {
			t.Fatal("two drawings of one table differ")
		}
	}
	for _, line := range []string{"[*] --> received", "received --> accepted: accept", "accepted --> accepted: note"} {
		if !strings.Contains(drawn, line) {
			t.Errorf("%s is missing in\n%s", line, drawn)
		}
	}
	if n := strings.Count(drawn, "-->"); n != 5 {
		t.Errorf("%d arrows", n)
	}
}
