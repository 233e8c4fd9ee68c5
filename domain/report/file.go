package report

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/uuid"

	"shouwang/platform/authz"
	"shouwang/platform/crypto"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/picture"
	"shouwang/platform/store"
)

// File came with a report or was added to its case as evidence (证据材料). The
// original stays as it was, sealed; what is shown of a photograph is drawn anew.
type File struct {
	ID       string       `db:"id" json:"id" see:"case"`
	ThreadID string       `db:"thread_id" json:"-"`
	ReportID string       `db:"report_id" null:"true" json:"report_id" see:"case"`
	Region   string       `db:"region" json:"-"`
	Kind     picture.Kind `db:"kind" json:"kind" see:"case"`
	Size     int          `db:"size" json:"size" see:"case"`
	Digest   string       `db:"digest" json:"digest" doc:"SM3 of the original" see:"case"`
	AddedBy  string       `db:"added_by" json:"added_by" see:"case"`
	AddedAt  time.Time    `db:"added_at" json:"added_at" see:"case"`
}

const (
	largestFile    = 20 << 20
	filesOfReport  = 9
	filesOfThreads = 200
)

var errFile = fault.NewInvalid("file.invalid", "这个文件不能上传。可以传照片（JPG、PNG）、PDF、录音（MP3、M4A）或短视频（MP4），每个不超过 20 MB。报告本身已经收到，不受影响。")

func filePlace(id, what string) crypto.Place {
	return crypto.Place{Column: "report_file." + what, ID: id}
}

// AddFile adds evidence to a case.
func (s *Service) AddFile(ctx context.Context, thread, id string, original []byte) error {
	t, err := s.Reach(ctx, s.db, "thread.attach", thread)
	if err != nil {
		return err
	}
	return s.addFile(ctx, t, "", id, actorID(ctx), original, filesOfThreads)
}

// AddReportFile adds a file to a report by whoever holds its receipt.
func (s *Service) AddReportFile(ctx context.Context, number, secret, id string, original []byte) error {
	p, err := s.Progress(ctx, number, secret)
	if err != nil {
		return err
	}
	t, err := s.threadOf(ctx, s.db, p.id)
	if err != nil {
		return err
	}
	return s.addFile(authz.WithActor(ctx, authz.Actor{Name: "报告人"}), t, p.id, id, "", original, filesOfReport)
}

func (s *Service) addFile(ctx context.Context, t Thread, report, id, by string, original []byte, most int) error {
	if _, err := uuid.Parse(id); err != nil {
		return fault.NewInvalid("file.id", "文件编号不对，请重新选择文件。")
	}
	kind := picture.Sniff(original)
	if len(original) == 0 || len(original) > largestFile || kind == picture.Other || kind == picture.WebP {
		return errFile
	}
	key, err := s.keys.Key(ctx, s.db, t.ID)
	if err != nil {
		return err
	}
	digest := sm3.Sum(original)
	f := File{ID: id, ThreadID: t.ID, ReportID: report, Region: t.Region, Kind: kind, Size: len(original), Digest: hex.EncodeToString(digest[:]), AddedBy: by, AddedAt: s.clock.Now()}
	if kind == picture.JPEG || kind == picture.PNG {
		shown, _, err := picture.Redraw(original)
		if err != nil {
			return err
		}
		if err := s.files.Put(id+"-shown", key.Seal(filePlace(id, "shown"), string(shown))); err != nil {
			return err
		}
	}
	// The file is on the disk before the row that names it commits.
	if err := s.files.Put(id+"-original", key.Seal(filePlace(id, "original"), string(original))); err != nil {
		return err
	}
	return store.Do(store.Again(ctx), s.db, func(tx *store.Tx) error {
		there, err := store.One[int](ctx, tx, `select count(*) from report_file where id = ?`, id)
		if err != nil || there == 1 {
			return err
		}
		n, err := store.One[int](ctx, tx, `select count(*) from report_file where thread_id = ? and coalesce(report_id, '') = ?`, t.ID, report)
		if err != nil {
			return fmt.Errorf("counting the files: %w", err)
		}
		if n >= most {
			return fault.NewInvalid("file.many", "文件太多了，最多 %d 个。", most)
		}
		if err := store.Insert(ctx, tx, "report_file", f); err != nil {
			return fmt.Errorf("keeping the file: %w", err)
		}
		return s.journal.Record(ctx, tx, "report.file_added", t.Entry("file", id, string(kind)))
	})
}

// ReadFile returns a file to be shown, a photograph drawn anew; original asks
// for the evidence itself.
func (s *Service) ReadFile(ctx context.Context, id string, original bool) (File, []byte, error) {
	f, found, err := store.Maybe[File](ctx, s.db, `select `+store.Columns[File]("f")+` from report_file f where f.id = ?`, id)
	if err != nil {
		return File{}, nil, fmt.Errorf("reading the file: %w", err)
	}
	if !found {
		return File{}, nil, s.rules.Absent(ctx, "thread.read", "thread")
	}
	if _, err := s.Reach(ctx, s.db, "thread.read", f.ThreadID); err != nil {
		return File{}, nil, err
	}
	key, err := s.keys.Key(ctx, s.db, f.ThreadID)
	if err != nil {
		return File{}, nil, err
	}
	what := "original"
	if !original && (f.Kind == picture.JPEG || f.Kind == picture.PNG) {
		what, f.Kind = "shown", picture.JPEG
	}
	sealed, err := s.files.Get(id + "-" + what)
	if err != nil {
		return File{}, nil, err
	}
	text, err := key.Open(filePlace(id, what), sealed)
	if err != nil {
		return File{}, nil, err
	}
	return f, []byte(text), s.journal.Read(ctx, "thread.file", journal.Entry{Kind: "file", ID: id, Subject: f.ThreadID, Region: f.Region, Note: what})
}

// Photo is a photograph of a case, drawn anew, for mechanisms that have checked
// who may see it. NotFound when the case has no such photograph.
func (s *Service) Photo(ctx context.Context, q store.Querier, t Thread, id string) ([]byte, error) {
	n, err := store.One[int](ctx, q, `select count(*) from report_file f where f.id = ? and f.thread_id = ? and f.kind in (?, ?)`, id, t.ID, string(picture.JPEG), string(picture.PNG))
	if err != nil {
		return nil, fmt.Errorf("reading the photograph: %w", err)
	}
	if n == 0 {
		return nil, errNone
	}
	key, err := s.keys.Key(ctx, q, t.ID)
	if err != nil {
		return nil, err
	}
	sealed, err := s.files.Get(id + "-shown")
	if err != nil {
		return nil, err
	}
	text, err := key.Open(filePlace(id, "shown"), sealed)
	return []byte(text), err
}
