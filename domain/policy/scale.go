package policy

import (
	"fmt"
	"slices"
)

// Result is what a scale's answers come to. Nothing is guessed for a question
// without an answer: while one is missing that could change the level, there is
// none.
type Result struct {
	Points  int      `json:"points"`
	Most    int      `json:"most" doc:"the points of the gravest answers, or of the safest, as the scale counts"`
	Red     []string `json:"red" doc:"questions whose answer alone gives the gravest level"`
	Missing []string `json:"missing"`
	Level   string   `json:"level" doc:"empty: none can be said"`
}

// Score counts the answers: question to the place of its answer, from 0. It is
// the same for the same version and answers, for ever. An answer that the scale
// does not have is an error.
func (s Scale) Score(answers map[string]int) (Result, error) {
	r := Result{Red: []string{}, Missing: []string{}}
	least, most := 0, 0 // of what is missing
	known, mayBeRed := 0, false
	for _, i := range s.Items {
		low, high := i.Answers[0].Points, i.Answers[0].Points
		for _, a := range i.Answers {
			low, high = min(low, a.Points), max(high, a.Points)
		}
		r.Most += high
		n, given := answers[i.ID]
		if !given {
			r.Missing = append(r.Missing, i.ID)
			mayBeRed = mayBeRed || slices.ContainsFunc(i.Answers, func(a ScaleAnswer) bool { return a.Red })
			least, most = least+low, most+high
			continue
		}
		known++
		if n < 0 || n >= len(i.Answers) {
			return Result{}, fmt.Errorf("scale %s has no answer %d to %s", s.ID, n, i.ID)
		}
		r.Points += i.Answers[n].Points
		if i.Answers[n].Red {
			r.Red = append(r.Red, i.ID)
		}
	}
	if known != len(answers) {
		return Result{}, fmt.Errorf("scale %s was answered for questions it lacks", s.ID)
	}
	if s.Draft || len(s.Levels) == 0 {
		return r, nil
	}
	if len(r.Red) > 0 {
		r.Level = s.Levels[0].ID
		return r, nil
	}
	low, high := s.level(r.Points+least), s.level(r.Points+most)
	if mayBeRed && low != s.Levels[0].ID {
		return r, nil
	}
	if low == high {
		r.Level = low
	}
	return r, nil
}

// level is that of a number of points.
func (s Scale) level(points int) string {
	for _, l := range s.Levels {
		if !s.HighIsSafe && points >= l.From || s.HighIsSafe && points <= l.From {
			return l.ID
		}
	}
	return s.Levels[len(s.Levels)-1].ID
}
