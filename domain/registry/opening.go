package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/domain/duty"
	"shouwang/platform/authz"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/identity"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// Opening is a child's file opened in an emergency by somebody out of whose
// reach it lies (紧急查阅). It is never refused to who meets children, and never
// silent: the township and civil affairs know within the minute, it ends by
// itself, and a second person says whether there was reason.
type Opening struct {
	ID         string    `db:"id" json:"id"`
	ChildID    string    `db:"child_id" json:"child_id"`
	Region     string    `db:"region" json:"region"`
	UserID     string    `db:"user_id" json:"-"`
	UserName   string    `db:"user_name" json:"user_name"`
	Role       string    `db:"role" json:"role"`
	Sealed     []byte    `db:"sealed" json:"-"`
	Reason     string    `db:"-" json:"reason"`
	OpenedAt   time.Time `db:"opened_at" json:"opened_at"`
	UntilAt    time.Time `db:"until_at" json:"until_at"`
	Verdict    string    `db:"verdict" json:"verdict" doc:"justified, unjustified; empty: not looked at yet"`
	ReviewedBy string    `db:"reviewed_by" json:"-"`
	ReviewedAt time.Time `db:"reviewed_at" json:"reviewed_at,omitzero"`
	Own        bool      `db:"-" json:"own" doc:"the person who asks opened it, so another reviews it"`
}

// openingHours is how long a file opened in an emergency stays open.
const openingHours = 24

const ruleOpening = "file.opening"

func openingPlace(id string) crypto.Place {
	return crypto.Place{Column: "registry_opening.sealed", ID: id}
}

// opens are the posts that meet children and may have to know one at once.
// Civil affairs, who review, reach every file of the county as it is.
var opens = []authz.Role{authz.VillageDirector, authz.TownshipSupervisor, authz.Police, authz.Health, authz.Relief,
	authz.Education, authz.SchoolLeader, authz.ClassTeacher, authz.MassOrganisation, authz.SocialWorkAgency}

// NewOpening asks for a file by the child's exact identity or file number.
type NewOpening struct {
	Number string `json:"number" minLength:"1" maxLength:"30"`
	Reason string `json:"reason" maxLength:"500"`
}

// OpenFile opens the file of a child of one's own county. The number must be
// known in full: nothing can be browsed this way. NotFound where the county has
// no such file.
func (s *Service) OpenFile(ctx context.Context, n NewOpening) (Opening, error) {
	if err := s.rules.Need(ctx, "file.open"); err != nil {
		return Opening{}, err
	}
	n.Reason = strings.TrimSpace(n.Reason)
	if len([]rune(n.Reason)) < 6 {
		return Opening{}, fault.NewInvalid("opening.reason", "请写明为什么现在需要查阅，审查人会看到。").At("reason", "请写明原因，至少六个字")
	}
	actor, _ := authz.ActorOf(ctx)
	return store.In(ctx, s.db, func(tx *store.Tx) (Opening, error) {
		c, err := s.byNumber(ctx, tx, n.Number)
		if err != nil {
			return Opening{}, err
		}
		at := slices.IndexFunc(actor.Grants, func(g authz.Grant) bool {
			return c.ID != "" && slices.Contains(opens, g.Role) && g.Region[:6] == c.Region[:6]
		})
		if at < 0 {
			return Opening{}, s.rules.Absent(ctx, "file.open", "child")
		}
		now := s.clock.Now()
		o := Opening{ID: newID(), ChildID: c.ID, Region: c.Region, UserID: actor.UserID, UserName: actor.Name, Role: string(actor.Grants[at].Role),
			Reason: n.Reason, OpenedAt: now, UntilAt: now.Add(openingHours * time.Hour)}
		key, err := s.keys.Key(ctx, tx, c.ID)
		if err != nil {
			return Opening{}, err
		}
		o.Sealed = key.Seal(openingPlace(o.ID), o.Reason)
		if err := store.Insert(ctx, tx, "registry_opening", o); err != nil {
			return Opening{}, fmt.Errorf("keeping the opening: %w", err)
		}
		if err := authz.NameUntilTx(ctx, tx, c.ID, actor.UserID, actor.UserID, now, o.UntilAt); err != nil {
			return Opening{}, err
		}
		review := duty.Opening{Rule: ruleOpening, SubjectKind: "opening", SubjectID: o.ID, Region: c.Region, Reason: "有人紧急查阅了一份档案"}
		if _, err := s.duty.OpenTx(ctx, tx, review); err != nil {
			return Opening{}, err
		}
		if err := s.tellOpening(ctx, tx, o); err != nil {
			return Opening{}, err
		}
		return o, s.journal.Record(ctx, tx, "file.opened", journal.Entry{Kind: "opening", ID: o.ID, Subject: c.ID, Region: c.Region, Note: o.Role})
	})
}

// tellOpening tells the place's supervisor and the county's security officer
// that a file was opened; not whose.
func (s *Service) tellOpening(ctx context.Context, tx *store.Tx, o Opening) error {
	for _, role := range []authz.Role{authz.TownshipSupervisor, authz.SecurityAdmin} {
		post := authz.Post{Role: role, Region: duty.PostRegion(role, o.Region)}
		if err := s.notify.TellTx(ctx, tx, post, "opening/"+o.ID, "有人因紧急情况查阅了本地一份档案，请留意审查结果。", "/openings", true); err != nil {
			return err
		}
	}
	return nil
}

// byNumber finds a child by exact identity or file number; none is no error.
func (s *Service) byNumber(ctx context.Context, q store.Querier, number string) (Child, error) {
	number = strings.TrimSpace(number)
	var index []byte
	if n, err := identity.Parse(number); err == nil {
		index = s.keys.Index("identity", n.Reveal())
	}
	c, _, err := store.Maybe[Child](ctx, q, `
		select `+store.Columns[Child]("c")+` from registry_child c where c.number = ? or c.identity_index = ? order by c.id limit 1`, number, index)
	if err != nil {
		return Child{}, fmt.Errorf("looking for the file: %w", err)
	}
	return c, nil
}

// Openings lists files opened in an emergency in reach, those nobody has looked
// at first. To each opener their own are shown.
func (s *Service) Openings(ctx context.Context) ([]Opening, error) {
	scoped, err := s.rules.Scoped(ctx, "file.openings")
	if err != nil {
		return nil, err
	}
	user := actorID(ctx)
	list, err := store.All[Opening](scoped, s.db, `
		select `+store.Columns[Opening]("o")+`
		  from registry_opening o
		 where {scope o child_id} or o.user_id = ?
		 order by o.verdict, o.opened_at desc, o.id
		 limit 200`, user)
	if err != nil {
		return nil, fmt.Errorf("listing openings: %w", err)
	}
	children, ids := make([]string, len(list)), make([]string, len(list))
	for i, o := range list {
		children[i], ids[i] = o.ChildID, o.ID
	}
	keys, err := s.keys.Keys(ctx, s.db, children...)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Own = list[i].UserID == user
		if key := keys[list[i].ChildID]; key != nil {
			if list[i].Reason, err = key.Open(openingPlace(list[i].ID), list[i].Sealed); err != nil {
				return nil, err
			}
		}
	}
	return list, s.journal.Read(ctx, "file.openings", journal.Entry{Kind: "opening", IDs: ids})
}

// ReviewOpening is the second person's word on an opening. Denied to who opened
// it. An opening without reason ends at once.
func (s *Service) ReviewOpening(ctx context.Context, id string, justified bool) error {
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		o, found, err := store.Maybe[Opening](ctx, tx, `select `+store.Columns[Opening]("o")+` from registry_opening o where o.id = ?`, id)
		if err != nil {
			return fmt.Errorf("reading the opening: %w", err)
		}
		if !found {
			return s.rules.Absent(ctx, "file.review", "opening")
		}
		if err := s.rules.Check(ctx, tx, "file.review", authz.Subject{Kind: "opening", ID: id, Person: o.ChildID, Region: o.Region}); err != nil {
			return err
		}
		switch {
		case o.UserID == actorID(ctx):
			return fault.NewDenied("opening.own", "自己的查阅要由别人审查。")
		case o.Verdict != "":
			return fault.NewConflict("opening.reviewed", "这次查阅已经有审查结论，请刷新后再看。")
		}
		now, verdict := s.clock.Now(), "justified"
		if !justified {
			verdict = "unjustified"
			if err := authz.UnnameTx(ctx, tx, o.ChildID, o.UserID, now); err != nil {
				return err
			}
		}
		n, err := store.Exec(ctx, tx, `
			update registry_opening set verdict = ?, reviewed_by = ?, reviewed_at = ? where id = ? and verdict = ''`, verdict, actorID(ctx), now, id)
		if err != nil {
			return fmt.Errorf("reviewing the opening: %w", err)
		}
		if n == 0 {
			return errStale()
		}
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{SubjectKind: "opening", SubjectID: id}, duty.Evidence{Kind: "opening", ID: id}); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "file.reviewed", journal.Entry{Kind: "opening", ID: id, Subject: o.ChildID, Region: o.Region, Note: verdict})
	})
}
