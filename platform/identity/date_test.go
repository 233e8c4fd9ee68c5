package identity_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwang/platform/identity"
)

const today = "2026-11-23"

func TestParseDate_AsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		raw, want string
		by        identity.Precision
	}{
		{"2016-10-31", "2016-10-31", identity.ByDay},
		{"2018.10.19", "2018-10-19", identity.ByDay},
		{"2016年5月8日", "2016-05-08", identity.ByDay},
		{"2016 年 5 月 8 号", "2016-05-08", identity.ByDay},
		{"2016年5月8日生", "2016-05-08", identity.ByDay},
		{"2016年5月8日出生", "2016-05-08", identity.ByDay},
		{"2016/09/13", "2016-09-13", identity.ByDay},
		{"2016 9 13", "2016-09-13", identity.ByDay},
		{"2016.10-31", "2016-10-31", identity.ByDay},
		{"20161214", "2016-12-14", identity.ByDay},
		{"40978", "2012-03-10", identity.ByDay},
		{"40978.0", "2012-03-10", identity.ByDay},
		{"40978.375", "2012-03-10", identity.ByDay},
		{"２０１６－１０－３１", "2016-10-31", identity.ByDay},
		{"'2016-10-31", "2016-10-31", identity.ByDay},
		{"2016-10-31 00:00:00", "2016-10-31", identity.ByDay},
		{"2016-10-31T08:30:00+08:00", "2016-10-31", identity.ByDay},
		{"2016/10/31 上午8:30", "2016-10-31", identity.ByDay},
		{"2016年5月8日8时30分", "2016-05-08", identity.ByDay},
		{"10/31/2016", "2016-10-31", identity.ByDay},
		{"31/10/2016", "2016-10-31", identity.ByDay},
		{"3/3/2016", "2016-03-03", identity.ByDay},
		{"10-31-16", "2016-10-31", identity.ByDay},
		{"16.5.8", "2016-05-08", identity.ByDay},
		{"16年5月8日", "2016-05-08", identity.ByDay},
		{"82.6.27", "1982-06-27", identity.ByDay},
		{"26.11.24", "1926-11-24", identity.ByDay}, // tomorrow
		{"26.11.23", "2026-11-23", identity.ByDay},
		{"160813", "2016-08-13", identity.ByDay},
		{"二〇一六年五月八日", "2016-05-08", identity.ByDay},
		{"二零一六年十二月三十一日", "2016-12-31", identity.ByDay},
		{"二○一六年十月十日", "2016-10-10", identity.ByDay},
		{"一六年十一月二十日", "2016-11-20", identity.ByDay},
		{"二〇一六年元月廿八日", "2016-01-28", identity.ByDay},
		{"2016年5月", "2016-05", identity.ByMonth},
		{"2016年5月份", "2016-05", identity.ByMonth},
		{"2016-5", "2016-05", identity.ByMonth},
		{"2016.11", "2016-11", identity.ByMonth},
		{"201605", "2016-05", identity.ByMonth},
		{"2016", "2016", identity.ByYear},
		{"2016年", "2016", identity.ByYear},
	} {
		got, by, err := identity.ParseDate(c.raw, today)
		if got != c.want || by != c.by || err != nil {
			t.Errorf("ParseDate(%q) = %q, %v, %v; want %q, %v", c.raw, got, by, err, c.want, c.by)
		}
	}
}

func TestParseDate_WhatCannotBeReadIsRefusedWithItsReason(t *testing.T) {
	for raw, want := range map[string]string{
		"": identity.DateEmpty, "—": identity.DateEmpty, "不详": identity.DateEmpty,
		"3/4/2016": identity.DateAmbiguous, "10-11-12": identity.DateAmbiguous, "2016.1": identity.DateAmbiguous,
		"200508":     identity.DateAmbiguous, // May 2008's cousin: 2005-08, or 2020-05-08
		"2016-02-30": identity.DateImpossible, "2016年13月1日": identity.DateImpossible, "20161301": identity.DateImpossible,
		"1016-05-08": identity.DateImpossible, "13/13/2016": identity.DateImpossible,
		"农历二〇一六年五月初八": identity.DateLunar, "2016年正月初一": identity.DateLunar, "2016年腊月廿三": identity.DateLunar,
		"十岁": identity.DateUnreadable, "7岁": identity.DateUnreadable, "2016--05": identity.DateUnreadable,
		"12345": identity.DateUnreadable, "2016年5日": identity.DateUnreadable, "5月8日": identity.DateUnreadable,
		"2016-10-31-2": identity.DateUnreadable, "8:30": identity.DateUnreadable,
	} {
		if got, _, err := identity.ParseDate(raw, today); idOf(err) != want || got != "" {
			t.Errorf("ParseDate(%q) = %q, %v; want %s", raw, got, err, want)
		}
	}
}

func TestParseDate_EveryDayIsReadAlikeInEveryUnambiguousShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(1955, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 30000).Draw(t, "day"))
		want := day.Format(time.DateOnly)
		shape := rapid.SampledFrom([]string{"2006-01-02", "2006.1.2", "2006/01/02", "2006年1月2日", "20060102", "2006-1-2 15:04:05", " 2006 年 01 月 02 日 "}).Draw(t, "shape")
		if got, _, err := identity.ParseDate(day.Format(shape), today); got != want || err != nil {
			t.Fatalf("%q gives %q, %v", day.Format(shape), got, err)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2016-10-31", "2016年5月8日", "二〇一六年十二月三十一日", "40978.5", "16.5.8", "10/31/2016", "201605", "2016", "正月", "8:3", "十廿卅十", "2016年"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		iso, by, err := identity.ParseDate(raw, today)
		if (err == nil) == (iso == "") {
			t.Fatalf("%q: %q %v", raw, iso, err)
		}
		if err != nil {
			return
		}
		if again, sameBy, err := identity.ParseDate(iso, today); again != iso || sameBy != by || err != nil {
			t.Fatalf("%q gives %q, which gives %q, %v", raw, iso, again, err)
		}
	})
}
