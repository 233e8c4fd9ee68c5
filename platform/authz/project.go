package authz

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"

	"shouwang/platform/store"
)

// Project blanks every field of v (a pointer to a struct, or to a slice of
// them) that the actor may not be shown of the record. A field says its groups
// in a tag, `see:"basic"`; several are alternatives, `see:"family,contact"`.
// A field without a tag is secret and always blanked, so a new field leaks
// nothing until someone decides who sees it.
func (a *Authority) Project(ctx context.Context, q store.Querier, action string, s Subject, v any) error {
	groups, err := a.Groups(ctx, q, action, s)
	if err != nil {
		return err
	}
	Blank(v, groups)
	return nil
}

// Groups are the groups of fields that the actor's posts, as far as they reach
// the record by the action, may be shown.
func (a *Authority) Groups(ctx context.Context, q store.Querier, action string, s Subject) ([]Group, error) {
	actor, ok := ActorOf(ctx)
	if !ok {
		return nil, nil
	}
	if actor.system {
		return []Group{SeeBasic, SeeContact, SeeIdentity, SeeFamily, SeeHealth, SeeNarrative, SeeCase, SeeAudit}, nil
	}
	by, err := a.reachedBy(ctx, q, actor, action, s)
	if err != nil {
		return nil, err
	}
	var groups []Group
	for _, c := range a.rules[action] {
		for _, g := range c.grants(actor, s, by) {
			for _, group := range roleInfo[g.Role].Sees {
				if !slices.Contains(groups, group) {
					groups = append(groups, group)
				}
			}
		}
	}
	return groups, nil
}

// ListGroups are the groups shown in a list: those that every post by which
// the actor reaches the list has, since rows of all of them stand together.
func (a *Authority) ListGroups(ctx context.Context, action string) []Group {
	actor, _ := ActorOf(ctx)
	if actor.system {
		return []Group{SeeBasic, SeeContact, SeeIdentity, SeeFamily, SeeHealth, SeeNarrative, SeeCase, SeeAudit}
	}
	var groups []Group
	first := true
	for _, c := range a.rules[action] {
		for _, g := range actor.Grants {
			if !slices.Contains(c.roles, g.Role) {
				continue
			}
			sees := roleInfo[g.Role].Sees
			if first {
				groups, first = slices.Clone(sees), false
				continue
			}
			groups = slices.DeleteFunc(groups, func(x Group) bool { return !slices.Contains(sees, x) })
		}
	}
	return groups
}

type shown struct {
	index  int
	groups []Group // empty: secret
	nested bool
}

var shownFields sync.Map // reflect.Type -> []shown

func fieldsOf(t reflect.Type) []shown {
	if f, ok := shownFields.Load(t); ok {
		return f.([]shown)
	}
	var out []shown
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		s := shown{index: i}
		tag := f.Tag.Get("see")
		for _, g := range strings.Split(tag, ",") {
			if g != "" && g != "nested" {
				s.groups = append(s.groups, Group(g))
			}
		}
		s.nested = f.Anonymous && tag == "" || strings.Contains(tag, "nested")
		out = append(out, s)
	}
	shownFields.Store(t, out)
	return out
}

// Blank zeroes the fields of v that are in none of the groups. A tag with
// "nested" goes on into the struct or slice below it.
func Blank(v any, groups []Group) { blank(reflect.ValueOf(v), groups) }

func blank(v reflect.Value, groups []Group) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			blank(v.Elem(), groups)
		}
	case reflect.Slice:
		for i := range v.Len() {
			blank(v.Index(i), groups)
		}
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			field := v.Field(f.index)
			allowed := slices.ContainsFunc(f.groups, func(g Group) bool { return slices.Contains(groups, g) })
			switch {
			case f.nested && (allowed || len(f.groups) == 0):
				blank(field, groups)
			case !allowed && field.Kind() == reflect.Slice:
				field.Set(reflect.MakeSlice(field.Type(), 0, 0)) // [] on the wire, not null
			case !allowed:
				field.SetZero()
			}
		}
	default: // what cannot be looked into, such as a map, is not shown
		if v.CanSet() {
			v.SetZero()
		}
	}
}
