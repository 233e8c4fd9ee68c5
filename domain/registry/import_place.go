package registry

import (
	"regexp"
	"strings"

	"shouwang/platform/identity"
	"shouwang/platform/region"
)

var belowVillage = regexp.MustCompile(`第?[0-9一二三四五六七八九十百]+(组|社|队|号|户|栋|幢|楼|单元|室).*$`)

// placeKey is the part of a place's words that one decision settles: without
// group and house, so that 龙河村3组 and 龙河村5组 are one question. A name
// means another place under another town's heading.
func placeKey(text string, context region.Code) string {
	text = strings.ReplaceAll(identity.Fold(text), " ", "")
	if stem := belowVillage.ReplaceAllString(text, ""); stem != "" {
		text = stem
	}
	if context.Level() >= region.Town {
		text = string(context[:9]) + text
	}
	return text
}

// claimsPlace reports words that end as the name of a division does, so that
// they cannot be a hamlet or a house within the village known otherwise.
var claimsPlace = regexp.MustCompile(`(村|社区|居委会?|村委会?|委员会|镇|乡|街道|县|市|省|自治区)(第?[0-9一二三四五六七八九十百]+(组|社|队|号).*)?$`)

// readPlace finds where the child lives: in the row's own words first, then in
// a line across the table, then in the title. The place of household
// registration stands in only where the roster asks for no other.
func (r *reader) readPlace(x *reading) {
	row, c := x.row, &x.File.Child
	context := x.sheet.Context
	if text := row.text("town"); text != "" {
		if at := r.resolver.Resolve(text, ""); at.Outcome == region.TownOnly || at.Outcome == region.Found {
			context = at.Code
		} else if key := placeKey(text, ""); r.known(key) != "" {
			context = r.known(key)
		}
	}
	household := r.resolver.Resolve(row.text("household"), context)
	switch household.Outcome {
	case region.Found, region.TownOnly, region.Wider, region.OtherCounty:
		c.HouseholdRegion = string(household.Code)
	}

	group := row.text("group")
	var found, pending region.Resolution
	said, field, key, settled := "", "", "", false
	wait := func(at region.Resolution, text, from, asked string) {
		pending, said, field, key = at, text, from, asked
	}
	for _, source := range []struct{ field, text string }{
		{"home", row.text("home")}, {"village", row.text("village")}, {"", row.Section}, {"group", group}, {"household", row.text("household")},
	} {
		if source.text == "" || settled || source.field == "household" && (said != "" || context.Level() == region.Village) {
			continue
		}
		at := r.resolver.Resolve(source.text, context)
		asked := placeKey(source.text, context)
		if at.Outcome != region.Found {
			if code := r.known(asked); code != "" {
				at = region.Resolution{Outcome: region.Found, Code: code, Rest: belowVillage.FindString(identity.Fold(source.text))}
			}
		}
		switch at.Outcome {
		case region.Found:
			// 三湾村 in one column, the town in the next: the fuller one settles it.
			if said == "" || pending.Outcome != region.Ambiguous || contains(pending.Candidates, at.Code) {
				found, settled = at, true
			}
		case region.TownOnly:
			if at.Rest == "" {
				context = at.Code
			}
			if pending.Outcome == region.Unknown || pending.Outcome == region.Wider || pending.Outcome == region.NoPlace {
				wait(at, source.text, source.field, asked)
			}
		case region.Ambiguous, region.OtherCounty:
			if said == "" || pending.Outcome == region.Wider {
				wait(at, source.text, source.field, asked)
			}
		case region.Wider:
			if said == "" {
				wait(at, source.text, source.field, asked)
			}
		case region.Unknown:
			// A hamlet's name within the village the title gives is an address; a
			// group's name never is a question.
			if source.field == "group" || source.field == "" || context.Level() == region.Village && !claimsPlace.MatchString(identity.Fold(source.text)) {
				if found.Rest == "" && source.field == "home" {
					found.Rest = identity.Fold(source.text)
				}
				continue
			}
			if said == "" {
				wait(at, source.text, source.field, asked)
			}
		}
	}
	rest := found.Rest
	if !settled && said == "" {
		switch {
		case context.Level() == region.Village:
			found, settled = region.Resolution{Outcome: region.Found, Code: context}, true
		case x.sheet.Said != "":
			asked := placeKey(x.sheet.Said, "")
			if code := r.known(asked); code != "" {
				found, settled = region.Resolution{Outcome: region.Found, Code: code}, true
				break
			}
			wait(region.Resolution{Outcome: region.Ambiguous, Candidates: x.sheet.Candidates}, x.sheet.Said, "", asked)
		case context.Level() == region.Town:
			pending = region.Resolution{Outcome: region.TownOnly, Code: context}
		}
	}
	c.Address = address(group, rest)
	if settled {
		c.Region, x.Region = string(found.Code), found.Code
		if found.Code.Level() < region.Village {
			x.problem("place.town_only", field)
			c.Region = ""
		} else if !r.office.Contains(found.Code) {
			x.problem("place.outside", field)
		}
		return
	}
	x.PlaceSaid, x.Candidates = said, pending.Candidates
	switch pending.Outcome {
	case region.Unknown, region.Ambiguous:
		x.PlaceKey = key
	case region.TownOnly: // a town's bare name does not stand for one village
		if pending.Rest != "" {
			x.PlaceKey = key
		}
	}
	x.Region = r.office
	code := "place.unknown"
	switch pending.Outcome {
	case region.TownOnly:
		code, x.Region = "place.town_only", pending.Code
		if pending.Rest != "" {
			code = "place.no_such_village"
		}
	case region.Ambiguous:
		code, x.Region = "place.ambiguous", r.over(pending.Candidates)
	case region.OtherCounty:
		code = "place.other_county"
		if home := region.Code(c.HouseholdRegion); home.Level() >= region.Town && r.county.Contains(home) {
			x.Region = home
		}
	case region.Unknown:
		if context.Level() >= region.Town {
			x.Region = context
		}
	}
	x.problem(code, field)
}

func (r *reader) known(key string) region.Code {
	if r.decided == nil {
		return ""
	}
	code, _ := r.decided(key)
	return code
}

func contains(codes []region.Code, code region.Code) bool {
	for _, c := range codes {
		if c == code {
			return true
		}
	}
	return false
}

// over is the lowest office over all the places: their town when they share
// one, else the office that imports.
func (r *reader) over(codes []region.Code) region.Code {
	if len(codes) == 0 {
		return r.office
	}
	town := codes[0]
	if town.Level() == region.Village {
		town = town.Parent()
	}
	for _, c := range codes {
		if town.Level() != region.Town || !town.Contains(c) {
			return r.office
		}
	}
	return town
}

// address is what stands below the village: the group and the house, each said
// once.
func address(group, rest string) string {
	group, rest = identity.Fold(group), identity.Fold(rest)
	switch {
	case isDash(group):
		group = ""
	case belowVillage.MatchString(rest) && strings.ContainsAny(rest, "组社队"):
		group = ""
	case strings.Trim(group, "0123456789") == "" && group != "":
		group += "组"
	}
	if strings.Contains(group, rest) {
		rest = ""
	}
	return cut(group+rest, 100)
}
