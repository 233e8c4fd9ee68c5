package visit

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/uuid"

	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/picture"
	"shouwang/platform/store"
)

const photosOfVisit = 12

func photoPlace(id, what string) crypto.Place {
	return crypto.Place{Column: "visit_photo." + what, ID: id}
}

// AddPhoto keeps a photograph of a visit: the original as evidence, and a
// picture drawn anew, without place and camera data, to be shown. id is made
// by the device; sent again it is kept once.
func (s *Service) AddPhoto(ctx context.Context, visitID, id, note string, original []byte) (Photo, error) {
	v, found, err := store.Maybe[Visit](ctx, s.db, `select v.id, v.child_id, v.region from visit_visit v where v.id = ?`, visitID)
	if err != nil {
		return Photo{}, fmt.Errorf("reading the visit: %w", err)
	}
	if !found {
		return Photo{}, s.rules.Absent(ctx, "visit.record", "visit")
	}
	subject, err := s.registry.Subject(ctx, s.db, v.ChildID)
	if err != nil {
		return Photo{}, err
	}
	if err := s.rules.Check(ctx, s.db, "visit.record", subject); err != nil {
		return Photo{}, err
	}
	if _, err := uuid.Parse(id); err != nil {
		return Photo{}, fault.NewInvalid("photo.id", "照片编号不对，请重新选择照片。")
	}
	shown, bounds, err := picture.Redraw(original)
	if err != nil {
		return Photo{}, err
	}
	key, err := s.keys.Key(ctx, s.db, v.ChildID)
	if err != nil {
		return Photo{}, err
	}
	digest := sm3.Sum(original)
	p := Photo{ID: id, VisitID: visitID, ChildID: v.ChildID, Region: v.Region, Digest: hex.EncodeToString(digest[:]), Width: bounds.X, Height: bounds.Y,
		Note: note, AddedBy: actorID(ctx), AddedAt: s.clock.Now()}
	// The files are on the disk before the row that names them commits: a row
	// never points at nothing.
	if err := s.files.Put(id+"-original", key.Seal(photoPlace(id, "original"), string(original))); err != nil {
		return Photo{}, err
	}
	if err := s.files.Put(id+"-shown", key.Seal(photoPlace(id, "shown"), string(shown))); err != nil {
		return Photo{}, err
	}
	return p, store.Do(store.Again(ctx), s.db, func(tx *store.Tx) error {
		n, err := store.One[int](ctx, tx, `select count(*) from visit_photo where visit_id = ? and id <> ?`, visitID, id)
		if err != nil {
			return fmt.Errorf("counting photographs: %w", err)
		}
		if n >= photosOfVisit {
			return fault.NewInvalid("photo.many", "一次走访最多 %d 张照片。", photosOfVisit)
		}
		if there, err := store.One[int](ctx, tx, `select count(*) from visit_photo where id = ?`, id); err != nil || there == 1 {
			return err
		}
		if err := store.Insert(ctx, tx, "visit_photo", p); err != nil {
			return fmt.Errorf("keeping the photograph: %w", err)
		}
		return s.journal.Record(ctx, tx, "visit.photo_added", journal.Entry{Kind: "photo", ID: id, Subject: v.ChildID, Region: v.Region})
	})
}

// Photo returns the picture to be shown; original asks for the evidence.
func (s *Service) Photo(ctx context.Context, id string, original bool) ([]byte, error) {
	p, found, err := store.Maybe[Photo](ctx, s.db, `select `+store.Columns[Photo]("p")+` from visit_photo p where p.id = ?`, id)
	if err != nil {
		return nil, fmt.Errorf("reading the photograph: %w", err)
	}
	if !found {
		return nil, s.rules.Absent(ctx, "visit.read", "photo")
	}
	subject, err := s.registry.Subject(ctx, s.db, p.ChildID)
	if err != nil {
		return nil, err
	}
	if err := s.rules.Check(ctx, s.db, "visit.read", subject); err != nil {
		return nil, err
	}
	key, err := s.keys.Key(ctx, s.db, p.ChildID)
	if err != nil {
		return nil, err
	}
	what := "shown"
	if original {
		what = "original"
	}
	sealed, err := s.files.Get(id + "-" + what)
	if err != nil {
		return nil, err
	}
	text, err := key.Open(photoPlace(id, what), sealed)
	if err != nil {
		return nil, err
	}
	return []byte(text), s.journal.Read(ctx, "visit.photo", journal.Entry{Kind: "photo", ID: id, Subject: p.ChildID, Region: p.Region, Note: what})
}
