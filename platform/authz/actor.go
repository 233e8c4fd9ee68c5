// Package authz decides who may do what, and to which rows.
//
// A grant is a role at an organisation for a region, for a time. Each action of
// a mechanism has one rule (in that mechanism's authz.go): which roles may do
// it and how far each reaches. From the same rule come the check of a single
// record and the SQL predicate of a list, so that the two cannot disagree.
// What is not allowed is denied; a query without a scope is not run.
//
// One projection (project.go) decides which fields leave for whom, on every
// exit. The system itself acts only under a named reason, which is journalled.
package authz

import (
	"context"
	"strings"

	"shouwang/platform/journal"
	"shouwang/platform/region"
)

// Grant is a post somebody holds: 角色 × 单位 × 区划.
type Grant struct {
	ID           string `json:"id"`
	Role         Role   `json:"role"`
	Organisation string `json:"organisation"` // id
	Region       string `json:"region"`       // twelve-digit code
}

// Post is who owes or is told something: a role at a place, whoever holds it,
// and where one unit is meant, its holders only.
type Post struct {
	Role   Role
	Region string
	Unit   string // an organisation's id; empty: any
}

// nation is the code of the whole country; its prefix is empty and reaches all.
const nation = "000000000000"

// nowhere is the prefix that no region begins with.
const nowhere = "-"

// Prefix is the significant part of the grant's region; everything below it
// begins with it. A code that cannot be one reaches nothing, and never, for
// want of digits, everything.
func (g Grant) Prefix() string {
	if c := region.Code(g.Region); g.Region == nation || c.Valid() {
		return c.Prefix()
	}
	return nowhere
}

// Actor is who acts now.
type Actor struct {
	UserID string
	Name   string
	Grants []Grant
	system bool
}

type actorKey struct{}

// WithActor establishes who acts under ctx, for rules and for the journal.
func WithActor(ctx context.Context, a Actor) context.Context {
	ctx = context.WithValue(ctx, actorKey{}, a)
	author, _ := journal.AuthorOf(ctx)
	author.ID, author.Name = a.UserID, a.Name
	return journal.WithAuthor(ctx, author)
}

// AsSystem lets a task of the program itself act without a person. The reason
// names the task and stands in every line it writes.
func AsSystem(ctx context.Context, reason string) context.Context {
	ctx = context.WithValue(ctx, actorKey{}, Actor{UserID: "system", Name: "系统", system: true})
	ctx = journal.WithAuthor(ctx, journal.Author{ID: "system", Name: "系统", Purpose: reason})
	return withScope(ctx, everything{})
}

// ActorOf returns who acts under ctx.
func ActorOf(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}

// System reports whether it is the program itself that acts.
func (a Actor) System() bool { return a.system }

// Has reports whether the actor holds a role anywhere.
func (a Actor) Has(roles ...Role) bool {
	for _, g := range a.Grants {
		for _, r := range roles {
			if g.Role == r {
				return true
			}
		}
	}
	return false
}

// Covers reports whether one of the actor's posts in a role takes in a region.
func (a Actor) Covers(region string, roles ...Role) bool {
	for _, g := range a.Grants {
		for _, r := range roles {
			if g.Role == r && strings.HasPrefix(region, g.Prefix()) {
				return true
			}
		}
	}
	return false
}
