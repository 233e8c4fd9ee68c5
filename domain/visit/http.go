package visit

import (
	"context"
	"io"
	"net/http"

	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/picture"
	"shouwang/platform/web"
)

func actorID(ctx context.Context) string {
	a, _ := authz.ActorOf(ctx)
	return a.UserID
}

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API) {
	type byID struct {
		ID string `path:"id"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children/{id}/visit-form", ID: "visitForm", Rule: "visit.record", Summary: "What a visit form comes prefilled with"},
		func(ctx context.Context, in *byID) (*struct{ Body *Form }, error) {
			f, err := s.Prefill(ctx, in.ID)
			return &struct{ Body *Form }{f}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children/{id}/visits", ID: "visitsOfChild", Rule: "visit.read", Summary: "A child's visits, newest first"},
		func(ctx context.Context, in *byID) (*struct{ Body []Visit }, error) {
			v, err := s.OfChild(ctx, in.ID)
			return &struct{ Body []Visit }{v}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/visits/{id}", ID: "visit", Rule: "visit.read", Summary: "One visit"},
		func(ctx context.Context, in *byID) (*struct{ Body *Visit }, error) {
			v, err := s.Find(ctx, in.ID)
			return &struct{ Body *Visit }{v}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/visits/words", ID: "visitWords", Rule: "vocabulary", Summary: "The codes of a visit, in words"},
		func(context.Context, *struct{}) (*struct{ Body Words }, error) {
			return &struct{ Body Words }{words}, nil
		})
	type record struct{ Body NewVisit }
	web.Handle(api, web.Op{Method: "POST", Path: "/api/visits", ID: "recordVisit", Rule: "visit.record", Summary: "Record a visit"},
		func(ctx context.Context, in *record) (*struct{ Body Receipt }, error) {
			r, err := s.Record(ctx, in.Body)
			return &struct{ Body Receipt }{r}, err
		})
	type several struct {
		Body struct {
			Visits []NewVisit `json:"visits" minItems:"1" maxItems:"50"`
		}
	}
	type result struct {
		ID      string            `json:"id"`
		Receipt *Receipt          `json:"receipt,omitempty"`
		Error   string            `json:"error,omitempty"`
		Fields  map[string]string `json:"fields,omitempty"`
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/visits/batch", ID: "recordVisits", Rule: "visit.record", Summary: "Record several visits at once; each stands or falls by itself"},
		func(ctx context.Context, in *several) (*struct{ Body []result }, error) {
			out := make([]result, len(in.Body.Visits))
			for i, v := range in.Body.Visits {
				out[i].ID = v.ID
				r, err := s.Record(ctx, v)
				if err != nil {
					f := fault.Of(err)
					out[i].Error, out[i].Fields = f.Text, f.Fields
					continue
				}
				out[i].Receipt = &r
			}
			return &struct{ Body []result }{out}, nil
		})
	type due struct {
		Region string    `query:"region" maxLength:"12"`
		Until  clock.Day `query:"until" maxLength:"10"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/visits/due", ID: "dueVisits", Rule: "visit.due", Summary: "What is to be visited, with what one needs at the door"},
		func(ctx context.Context, in *due) (*struct{ Body []Due }, error) {
			d, err := s.DueList(ctx, in.Region, in.Until)
			return &struct{ Body []Due }{d}, err
		})
	web.HandleRaw(api, web.Op{Method: "PUT", Path: "/api/visits/{id}/photos/{photo}", ID: "addPhoto", Rule: "visit.record", Summary: "Keep a photograph of a visit"},
		func(w http.ResponseWriter, r *http.Request) error {
			original, err := io.ReadAll(http.MaxBytesReader(w, r.Body, picture.Largest+1))
			if err != nil {
				return picture.ErrPhoto.Because(err)
			}
			if _, err := s.AddPhoto(r.Context(), r.PathValue("id"), r.PathValue("photo"), "", original); err != nil {
				return err
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		})
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/api/photos/{id}", ID: "photo", Rule: "visit.read", Summary: "A photograph, drawn anew for showing"},
		func(w http.ResponseWriter, r *http.Request) error {
			photo, err := s.Photo(r.Context(), r.PathValue("id"), r.URL.Query().Get("original") == "1")
			if err != nil {
				return err
			}
			h := w.Header()
			h.Set("Content-Type", "image/jpeg")
			h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
			h.Set("Content-Disposition", `inline; filename="photo.jpg"`)
			_, err = w.Write(photo)
			return err
		})
}
