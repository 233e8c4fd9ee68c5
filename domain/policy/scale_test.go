package policy_test

import (
	"testing"

	"pgregory.net/rapid"

	"shouwang/domain/policy"
)

func scale(t *testing.T, id string) policy.Scale {
	t.Helper()
	pack, err := policy.Load(policy.Default)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := pack.Casework.Scale(id, 1)
	if !ok {
		t.Fatalf("no scale %s", id)
	}
	return s
}

func TestScore_CaseByCase(t *testing.T) {
	s := scale(t, "general")
	all := func(change map[string]int) map[string]int {
		a := map[string]int{}
		for _, i := range s.Items {
			a[i.ID] = 0
		}
		for k, v := range change {
			a[k] = v
		}
		return a
	}
	for name, c := range map[string]struct {
		answers map[string]int
		points  int
		level   string
	}{
		"nothing wrong":             {all(nil), 0, "low"},
		"the edge below middle":     {all(map[string]int{"alone": 1, "carer": 1, "home": 1}), 8, "low"},
		"the edge of middle":        {all(map[string]int{"alone": 2, "carer": 1, "body": 1}), 10, "middle"},
		"high":                      {all(map[string]int{"alone": 2, "carer": 2, "willing": 2, "school": 2}), 26, "high"},
		"one red flag alone":        {all(map[string]int{"harm": 2}), 9, "extreme"},
		"nothing answered":          {map[string]int{}, 0, ""},
		"a red flag, all else open": {map[string]int{"mind": 2}, 9, "extreme"},
	} {
		got, err := s.Score(c.answers)
		if err != nil || got.Points != c.points || got.Level != c.level {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if _, err := s.Score(all(map[string]int{"harm": 4})); err == nil {
		t.Error("an answer the scale does not have was counted")
	}
	if _, err := s.Score(map[string]int{"made_up": 0}); err == nil {
		t.Error("a question the scale does not have was counted")
	}
}

// A draft whose parts are missing gives points and never a level.
func TestScore_ADraftGivesNoLevel(t *testing.T) {
	s := scale(t, "qianxi-draft")
	rapid.Check(t, func(rt *rapid.T) {
		answers := map[string]int{}
		for _, i := range s.Items {
			answers[i.ID] = rapid.IntRange(0, len(i.Answers)-1).Draw(rt, i.ID)
		}
		if got, err := s.Score(answers); err != nil || got.Level != "" {
			rt.Fatalf("%+v %v", got, err)
		}
	})
}

// With questions unanswered a level is said exactly when every way of answering
// them would come to it.
func TestScore_SaysALevelOnlyWhenTheMissingAnswersCannotChangeIt(t *testing.T) {
	s := scale(t, "general")
	s.Items = s.Items[:4] // few enough to try every answer
	s.Levels = []policy.ScaleLevel{{ID: "extreme", From: 22}, {ID: "high", From: 14}, {ID: "middle", From: 6}, {ID: "low"}}
	rapid.Check(t, func(rt *rapid.T) {
		answers := map[string]int{}
		for _, i := range s.Items {
			if n := rapid.IntRange(-1, len(i.Answers)-1).Draw(rt, i.ID); n >= 0 {
				answers[i.ID] = n
			}
		}
		got, err := s.Score(answers)
		if err != nil {
			rt.Fatal(err)
		}
		levels := map[string]bool{}
		var try func(at int, points int, red bool)
		try = func(at, points int, red bool) {
			if at == len(s.Items) {
				level := s.Levels[0].ID
				for _, l := range s.Levels {
					if !red && points >= l.From {
						level = l.ID
						break
					}
				}
				levels[level] = true
				return
			}
			i := s.Items[at]
			for n, a := range i.Answers {
				if given, ok := answers[i.ID]; !ok || given == n {
					try(at+1, points+a.Points, red || a.Red)
				}
			}
		}
		try(0, 0, false)
		if got.Level != "" && (len(levels) > 1 || !levels[got.Level]) {
			rt.Fatalf("%v: said %q, could be %v", answers, got.Level, levels)
		}
		if got.Level == "" && len(levels) == 1 {
			rt.Fatalf("%v: said nothing, can only be %v", answers, levels)
		}
	})
}

// The same version and answers come to the same for ever: these stand in files
// of cases, and a change here would change what was decided by them.
func TestScore_WhatWasOnceScoredIsScoredAgainTheSame(t *testing.T) {
	s := scale(t, "general")
	got, err := s.Score(map[string]int{"alone": 1, "carer": 1, "willing": 2, "harm": 1, "home": 1, "out": 1, "body": 1, "mind": 1, "school": 1, "money": 1})
	if err != nil || got.Points != 34 || got.Most != 82 || got.Level != "high" {
		t.Fatalf("%+v %v", got, err)
	}
}
