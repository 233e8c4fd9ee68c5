package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"shouwang/domain/duty"
	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/state"
	"shouwang/platform/store"
)

// MoveState is where a hand-over of a file stands.
type MoveState string

// MoveAction moves it on.
type MoveAction string

const (
	Offered   MoveState = "offered"   // 待迁入地接收
	Accepted  MoveState = "accepted"  // 已接收
	Refused   MoveState = "refused"   // 已退回
	Withdrawn MoveState = "withdrawn" // 已撤回

	Accept   MoveAction = "accept"
	Refuse   MoveAction = "refuse"
	Withdraw MoveAction = "withdraw"
)

// MoveTransitions is the whole life of a hand-over (迁移交接).
var MoveTransitions = state.Table[MoveState, MoveAction]{
	Offered: {Accept: Accepted, Refuse: Refused, Withdraw: Withdrawn},
}

// Move is the hand-over of a child's file from one village to another. Until
// the other side accepts, the child stays with the first: it is never nobody's.
type Move struct {
	ID         string    `db:"id" json:"id"`
	ChildID    string    `db:"child_id" json:"child_id"`
	ChildName  string    `db:"-" json:"child_name"`
	Region     string    `db:"region" json:"region" doc:"where the child goes"`
	FromRegion string    `db:"from_region" json:"from_region"`
	Reason     string    `db:"reason" json:"reason"`
	PriorState MoveState `db:"prior_state" json:"-"`
	State      MoveState `db:"state" json:"state"`
	OfferedBy  string    `db:"offered_by" json:"-"`
	OfferedAt  time.Time `db:"offered_at" json:"offered_at"`
	MovedAt    time.Time `db:"moved_at" json:"-"`
	DecidedBy  string    `db:"decided_by" json:"-"`
	Version    int       `db:"version" json:"version"`
}

func openMove(ctx context.Context, q store.Querier, child string) (Move, bool, error) {
	m, ok, err := store.Maybe[Move](ctx, q, `
		select `+store.Columns[Move]("m")+` from registry_move m where m.child_id = ? and m.state = 'offered'`, child)
	if err != nil {
		err = fmt.Errorf("reading the hand-over: %w", err)
	}
	return m, ok, err
}

// Offer hands a child's file to the village where the child now lives. The
// other side owes an answer; the township over both is told by the clock.
func (s *Service) Offer(ctx context.Context, child, to, reason string) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		c, err := s.reach(ctx, tx, "child.move", child)
		if err != nil {
			return Receipt{}, err
		}
		if c.State != Registered {
			return Receipt{}, fault.NewConflict("child.left", "这名儿童已经退出台账，不能迁移。")
		}
		code := region.Code(to)
		if !code.Valid() || code.Level() != region.Village || to == c.Region {
			return Receipt{}, fault.NewInvalid("move.invalid", "请选择迁入的村（社区）。").At("to", "请选到村（社区），且与现在不同")
		}
		if known, err := store.One[int](ctx, tx, `select count(*) from region_region where code = ? and valid_to = ''`, to); err != nil || known == 0 {
			if err != nil {
				return Receipt{}, fmt.Errorf("reading the division: %w", err)
			}
			return Receipt{}, fault.NewInvalid("move.invalid", "没有这个村（社区），或已停用。").At("to", "请重新选择")
		}
		if _, open, err := openMove(ctx, tx, child); err != nil || open {
			if err != nil {
				return Receipt{}, err
			}
			return Receipt{}, fault.NewConflict("move.open", "这名儿童已有一次迁移在等对方接收，请先撤回。")
		}
		now := s.clock.Now()
		m := Move{ID: uuid.Must(uuid.NewV7()).String(), ChildID: child, Region: to, FromRegion: c.Region, Reason: reason,
			State: Offered, OfferedBy: actorID(ctx), OfferedAt: now, MovedAt: now, Version: 1}
		if err := store.Insert(ctx, tx, "registry_move", m); err != nil {
			return Receipt{}, fmt.Errorf("offering the file: %w", err)
		}
		if _, err := s.duty.OpenTx(ctx, tx, duty.Opening{Rule: "file.move", SubjectKind: "move", SubjectID: m.ID, Region: to, Reason: "有儿童迁入，等待接收档案"}); err != nil {
			return Receipt{}, err
		}
		return Receipt{ID: m.ID, Version: 1}, s.journal.Record(ctx, tx, "move.offered",
			journal.Entry{Kind: "move", ID: m.ID, Subject: child, Region: c.Region}, journal.Entry{Kind: "move", ID: m.ID, Subject: child, Region: to})
	})
}

// Decide accepts or refuses a file, as the receiving side, or withdraws the
// offer, as the giving one.
func (s *Service) Decide(ctx context.Context, id string, by MoveAction) (Receipt, error) {
	return store.In(ctx, s.db, func(tx *store.Tx) (Receipt, error) {
		m, ok, err := store.Maybe[Move](ctx, tx, `select `+store.Columns[Move]("m")+` from registry_move m where m.id = ?`, id)
		if err != nil {
			return Receipt{}, fmt.Errorf("reading the hand-over: %w", err)
		}
		if !ok {
			return Receipt{}, s.rules.Absent(ctx, "child.move", "move")
		}
		at := m.Region
		if by == Withdraw {
			at = m.FromRegion
		}
		if err := s.rules.Check(ctx, tx, "child.move", authz.Subject{Kind: "move", ID: id, Person: m.ChildID, Region: at}); err != nil {
			return Receipt{}, err
		}
		next, err := MoveTransitions.Next(m.State, by)
		if err != nil {
			return Receipt{}, err
		}
		n, err := store.Exec(ctx, tx, `
			update registry_move set prior_state = ?, state = ?, moved_at = ?, decided_by = ?, version = version + 1
			 where id = ? and state = ? and version = ?`, string(m.State), string(next), s.clock.Now(), actorID(ctx), id, string(m.State), m.Version)
		if err != nil {
			return Receipt{}, fmt.Errorf("deciding the hand-over: %w", err)
		}
		if n == 0 {
			return Receipt{}, errStale()
		}
		which := duty.Which{SubjectKind: "move", SubjectID: id}
		if by == Withdraw {
			_, err = s.duty.CancelTx(ctx, tx, which, "对方已撤回")
		} else {
			_, err = s.duty.DischargeTx(ctx, tx, which, duty.Evidence{Kind: "move", ID: id})
		}
		if err != nil {
			return Receipt{}, err
		}
		if by == Accept {
			if err := s.carry(ctx, tx, m); err != nil {
				return Receipt{}, err
			}
		}
		return Receipt{ID: id, Version: m.Version + 1}, s.journal.Record(ctx, tx, "move."+string(next),
			journal.Entry{Kind: "move", ID: id, Subject: m.ChildID, Region: m.FromRegion}, journal.Entry{Kind: "move", ID: id, Subject: m.ChildID, Region: m.Region})
	})
}

// carry moves the file, its figures and what is owed for the child.
func (s *Service) carry(ctx context.Context, tx *store.Tx, m Move) error {
	c, err := store.One[Child](ctx, tx, `select `+store.Columns[Child]("c")+` from registry_child c where c.id = ?`, m.ChildID)
	if err != nil {
		return fmt.Errorf("reading the child: %w", err)
	}
	if err := s.duty.MoveTx(ctx, tx, c.ID, m.Region); err != nil {
		return err
	}
	_, err = s.turn(ctx, tx, c, "child.moved", func(now *Child) { now.Region = m.Region }, fieldChange{"region", c.Region, m.Region})
	return err
}

// Moves lists hand-overs waiting for the actor's side, coming in and going out.
func (s *Service) Moves(ctx context.Context) ([]Move, error) {
	scoped, err := s.rules.Scoped(ctx, "move.list")
	if err != nil {
		return nil, err
	}
	moves, err := store.All[Move](scoped, s.db, `
		select `+store.Columns[Move]("m")+`
		  from registry_move m
		 where m.state = 'offered' and ({scope m} or m.child_id in (select c.id from registry_child c where {scope c id}))
		 order by m.offered_at
		 limit 200`)
	if err != nil {
		return nil, fmt.Errorf("listing hand-overs: %w", err)
	}
	ids := make([]string, len(moves))
	for i, m := range moves {
		ids[i] = m.ChildID
	}
	if len(ids) == 0 {
		return moves, nil
	}
	// The receiving side must know whose file it is offered.
	names, err := store.All[struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}](ctx, s.db, `select id, name from registry_child where id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("reading names: %w", err)
	}
	for _, n := range names {
		for i := range moves {
			if moves[i].ChildID == n.ID {
				moves[i].ChildName = n.Name
			}
		}
	}
	return moves, s.journal.Read(ctx, "move.list", journal.Entry{Kind: "child", IDs: ids})
}
