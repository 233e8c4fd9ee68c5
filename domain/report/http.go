package report

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"shouwang/domain/policy"
	"shouwang/domain/registry"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/web"
)

const pageRows = 50

// Form is what a report is written with.
type Form struct {
	Situations []policy.Situation `json:"situations"`
	Statutory  []registry.Word    `json:"statutory"`
	Channels   []registry.Word    `json:"channels"`
	Outcomes   []registry.Word    `json:"outcomes"`
}

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API, places registry.Places) {
	s.KnowPlaces(places)
	s.publicRoutes(api, places)
	s.paperRoutes(api)
	web.Handle(api, web.Op{Method: "GET", Path: "/api/reports/form", ID: "reportForm", Rule: "report.file", Summary: "What a report is written with"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body Form }, error) {
			return &struct{ Body Form }{Form{s.policy.Pack.Situations, Statutory(), Channels, Outcomes}}, nil
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/reports", ID: "fileReport", Rule: "report.file", Summary: "Report a child in danger"},
		func(ctx context.Context, in *struct{ Body NewReport }) (*struct{ Body Receipt }, error) {
			r, err := s.File(ctx, in.Body)
			return &struct{ Body Receipt }{r}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/reports/mine", ID: "ownReports", Rule: "report.own", Summary: "What became of one's own reports"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body []Progress }, error) {
			p, err := s.Own(ctx)
			return &struct{ Body []Progress }{p}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/units", ID: "units", Rule: "report.file", Summary: "Units of the county by name"},
		func(ctx context.Context, in *struct {
			Kind string `query:"kind" enum:"police"`
		}) (*struct{ Body []Unit }, error) {
			kinds := []account.Kind{}
			if in.Kind == "police" {
				kinds = append(kinds, account.PoliceStation, account.CountyPolice)
			}
			u, err := s.Units(ctx, kinds...)
			return &struct{ Body []Unit }{u}, err
		})
	type reveal struct {
		ID   string `path:"id"`
		Body struct {
			Reason string `json:"reason" maxLength:"200"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/reports/{id}/reporter", ID: "reporter", Rule: "report.reporter", Summary: "Who sent a report, for a reason"},
		func(ctx context.Context, in *reveal) (*struct{ Body Reporter }, error) {
			who, err := s.Reporter(ctx, in.ID, in.Body.Reason)
			return &struct{ Body Reporter }{who}, err
		})

	type list struct {
		Region string `query:"region" maxLength:"12"`
		State  string `query:"state" enum:"received,responding,assessing,assisting,closed"`
		Surge  bool   `query:"surge" doc:"those that came many at once, to be sifted, instead of all others"`
		After  string `query:"after" maxLength:"60"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/threads", ID: "threads", Rule: "thread.list", Summary: "Cases in reach, the newest first"},
		func(ctx context.Context, in *list) (*struct{ Body web.Page[Row] }, error) {
			rows, err := s.List(ctx, Filter{Region: in.Region, State: Stage(in.State), Surge: in.Surge, After: in.After, Limit: pageRows + 1})
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[Row] }{web.Cut(rows, pageRows, Row.place)}, nil
		})
	type byID struct {
		ID string `path:"id"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/threads/{id}", ID: "thread", Rule: "thread.read", Summary: "One case, from the first report to closure"},
		func(ctx context.Context, in *byID) (*struct{ Body *Page }, error) {
			p, err := s.Page(ctx, in.ID)
			return &struct{ Body *Page }{p}, err
		})
	post := func(path, id, rule, summary string, do func(context.Context, string) error) {
		web.Handle(api, web.Op{Method: "POST", Path: path, ID: id, Rule: rule, Summary: summary},
			func(ctx context.Context, in *byID) (*struct{}, error) { return nil, do(ctx, in.ID) })
	}
	post("/api/threads/{id}/acceptance", "acceptReports", "report.accept", "Accept what was reported", s.Accept)
	post("/api/threads/{id}/informed", "informed", "report.inform", "Take note of a report", s.Inform)
	type because struct {
		ID   string `path:"id"`
		Body struct {
			Reason string `json:"reason" maxLength:"1000"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/refusal", ID: "declineReports", Rule: "report.accept", Summary: "Not take a report up: another office looks at it"},
		func(ctx context.Context, in *because) (*struct{}, error) {
			return nil, s.Decline(ctx, in.ID, in.Body.Reason)
		})
	type review struct {
		ID   string `path:"id"`
		Body struct {
			Agree bool   `json:"agree"`
			Text  string `json:"text" maxLength:"1000"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/review", ID: "reviewReports", Rule: "report.review", Summary: "The second look at what the police did not take up"},
		func(ctx context.Context, in *review) (*struct{}, error) {
			return nil, s.Review(ctx, in.ID, in.Body.Agree, in.Body.Text)
		})
	type pass struct {
		ID   string `path:"id"`
		Body struct {
			UnitID string `json:"organisation_id" maxLength:"40"`
			Reason string `json:"reason" maxLength:"500"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/station", ID: "passThread", Rule: "report.accept", Summary: "Hand a case to the station whose it is"},
		func(ctx context.Context, in *pass) (*struct{}, error) {
			return nil, s.Pass(ctx, in.ID, in.Body.UnitID, in.Body.Reason)
		})
	type said struct {
		ID   string `path:"id"`
		Body struct {
			Text string `json:"text" maxLength:"1000"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/answer", ID: "answerReports", Rule: "report.accept", Summary: "Tell the reporters what became of it"},
		func(ctx context.Context, in *said) (*struct{}, error) { return nil, s.Answer(ctx, in.ID, in.Body.Text) })
	type noted struct {
		ID   string `path:"id"`
		Body struct {
			Text   string    `json:"text" maxLength:"2000"`
			NextOn clock.Day `json:"next_on,omitempty" maxLength:"10"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/notes", ID: "noteThread", Rule: "thread.change", Summary: "Write down what was done and what is next"},
		func(ctx context.Context, in *noted) (*struct{}, error) {
			return nil, s.Note(ctx, in.ID, in.Body.Text, in.Body.NextOn)
		})
	type placed struct {
		ID   string `path:"id"`
		Body struct {
			ChildID string `json:"child_id,omitempty" maxLength:"40"`
			Region  string `json:"region,omitempty" maxLength:"12"`
			Into    string `json:"into,omitempty" maxLength:"40" doc:"another case about the same child"`
		}
	}
	type standing struct {
		Body struct {
			ID string `json:"id" doc:"the case that stands"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/place", ID: "placeThread", Rule: "thread.change", Summary: "Say whose case it is, where, or which other it is one with"},
		func(ctx context.Context, in *placed) (*standing, error) {
			var out standing
			var err error
			if out.Body.ID = in.Body.Into; in.Body.Into != "" {
				return &out, s.Join(ctx, in.ID, in.Body.Into)
			}
			out.Body.ID, err = s.Place(ctx, in.ID, in.Body.ChildID, in.Body.Region)
			return &out, err
		})
	type admit struct {
		ID   string `path:"id"`
		Body struct {
			UserID string `json:"user_id" maxLength:"40"`
			Reason string `json:"reason" maxLength:"200"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/admissions", ID: "admitToThread", Rule: "thread.change", Summary: "Name one more person in a locked case"},
		func(ctx context.Context, in *admit) (*struct{}, error) {
			return nil, s.Admit(ctx, in.ID, in.Body.UserID, in.Body.Reason)
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/threads/{id}/admissible", ID: "admissible", Rule: "thread.change", Summary: "Who may be named in a locked case"},
		func(ctx context.Context, in *byID) (*struct{ Body []Officer }, error) {
			o, err := s.Admissible(ctx, in.ID)
			return &struct{ Body []Officer }{o}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/awards", ID: "awardReporter", Rule: "report.award", Summary: "Thank a reporter, without naming them"},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body NewAward
		}) (*struct{}, error) {
			return nil, s.Award(ctx, in.ID, in.Body)
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/threads/{id}/omissions", ID: "omitted", Rule: "report.omission", Summary: "A unit knew and did not report"},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body NewOmission
		}) (*struct{}, error) {
			return nil, s.Omit(ctx, in.ID, in.Body)
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/omissions/{id}", ID: "omission", Rule: "report.conclude", Summary: "One look back"},
		func(ctx context.Context, in *byID) (*struct{ Body Omission }, error) {
			o, err := s.Omission(ctx, in.ID)
			return &struct{ Body Omission }{o}, err
		})
	type conclude struct {
		ID   string `path:"id"`
		Body struct {
			Outcome string `json:"outcome" maxLength:"20"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/omissions/{id}/conclusion", ID: "concludeOmission", Rule: "report.conclude", Summary: "What the unit faces"},
		func(ctx context.Context, in *conclude) (*struct{}, error) {
			return nil, s.Conclude(ctx, in.ID, in.Body.Outcome)
		})
	web.HandleRaw(api, web.Op{Method: "PUT", Path: "/api/threads/{id}/files/{file}", ID: "addEvidence", Rule: "thread.attach", Summary: "Add evidence to a case"},
		func(w http.ResponseWriter, r *http.Request) error {
			original, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestFile+1))
			if err != nil {
				return errFile.Because(err)
			}
			if err := s.AddFile(r.Context(), r.PathValue("id"), r.PathValue("file"), original); err != nil {
				return err
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		})
	web.HandleRaw(api, web.Op{Method: "GET", Path: "/api/evidence/{id}", ID: "evidence", Rule: "thread.read", Summary: "A file of a case; a photograph drawn anew unless the original is asked for"},
		func(w http.ResponseWriter, r *http.Request) error {
			f, text, err := s.ReadFile(r.Context(), r.PathValue("id"), r.URL.Query().Get("original") == "1")
			if err != nil {
				return err
			}
			h := w.Header()
			h.Set("Content-Type", string(f.Kind))
			h.Set("Content-Length", strconv.Itoa(len(text)))
			h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
			h.Set("Content-Disposition", "attachment")
			_, err = w.Write(text)
			return err
		})
	web.HandleRaw(api, web.Op{Method: "POST", Path: "/api/agency/reports", ID: "agencyReport", Rule: authz.Public, Summary: "A signed report from a unit's own program"},
		func(w http.ResponseWriter, r *http.Request) error {
			receipt, err := s.fromAgency(w, r)
			if err != nil {
				return err
			}
			w.Header().Set("Content-Type", "application/json")
			return json.NewEncoder(w).Encode(receipt)
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/agencies", ID: "agencies", Rule: "agency.change", Summary: "Keys of units' own programs"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body []Agency }, error) {
			list, err := s.Agencies(ctx)
			return &struct{ Body []Agency }{list}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/agencies", ID: "addAgency", Rule: "agency.change", Summary: "Make a key for a unit's own program"},
		func(ctx context.Context, in *struct {
			Body struct {
				UnitID string `json:"organisation_id" maxLength:"40"`
			}
		}) (*struct{ Body Agency }, error) {
			a, err := s.AddAgency(ctx, in.Body.UnitID)
			return &struct{ Body Agency }{a}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/agencies/{id}/end", ID: "endAgency", Rule: "agency.change", Summary: "End a key"},
		func(ctx context.Context, in *byID) (*struct{}, error) { return nil, s.EndAgency(ctx, in.ID) })
}
