package registry

import (
	"context"

	"shouwang/domain/policy"
	"shouwang/platform/clock"
	"shouwang/platform/journal"
	"shouwang/platform/region"
	"shouwang/platform/web"
)

const pageRows = 50

// Places answers questions about divisions for screens.
type Places interface{ Book() *region.Book }

type byID struct {
	ID string `path:"id"`
}

// Routes registers the mechanism's operations.
func (s *Service) Routes(api *web.API, places Places) {
	type query struct {
		Region     string `query:"region" maxLength:"12"`
		Text       string `query:"text" maxLength:"60"`
		Definition string `query:"definition" maxLength:"4"`
		Verdict    string `query:"verdict" enum:"yes,no,unknown,"`
		Against    string `query:"against" maxLength:"4" doc:"a second definition"`
		AgainstIs  string `query:"against_is" enum:"yes,no,unknown,"`
		Missing    string `query:"missing" maxLength:"40"`
		Level      int    `query:"level" minimum:"0" maximum:"9"`
		Identity   string `query:"identity" enum:"held,none,damaged,lacking," doc:"lacking: none or damaged, as the overview counts them"`
		Sex        string `query:"sex" enum:"0,1,2,9,"`
		State      string `query:"state" enum:"registered,left,"`
		ImportID   string `query:"import" maxLength:"40"`
		After      string `query:"after" maxLength:"60"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children", ID: "children", Rule: "child.list", Summary: "Children in reach, by place"},
		func(ctx context.Context, in *query) (*struct{ Body web.Page[Row] }, error) {
			rows, err := s.List(ctx, Filter{Region: in.Region, Text: in.Text, Definition: in.Definition, Verdict: Answer(in.Verdict), Against: in.Against, AgainstIs: Answer(in.AgainstIs), Missing: in.Missing,
				Level: in.Level, Identity: in.Identity, Sex: in.Sex, State: ChildState(in.State), ImportID: in.ImportID, After: in.After, Limit: pageRows + 1})
			if err != nil {
				return nil, err
			}
			return &struct{ Body web.Page[Row] }{web.Cut(rows, pageRows, func(r Row) string { return r.Region + r.ID })}, nil
		})
	type find struct {
		Text string `query:"text" minLength:"1" maxLength:"60"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children/search", ID: "searchChildren", Rule: "child.list", Summary: "Instant search by name, pinyin, initials, file or identity number"},
		func(ctx context.Context, in *find) (*struct{ Body []Row }, error) {
			rows, err := s.List(ctx, Filter{Text: in.Text, Limit: 12})
			return &struct{ Body []Row }{rows}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/openings", ID: "openFile", Rule: "file.open", Summary: "Open a file out of reach, in an emergency, by exact number and with a reason"},
		func(ctx context.Context, in *struct{ Body NewOpening }) (*struct{ Body Opening }, error) {
			o, err := s.OpenFile(ctx, in.Body)
			return &struct{ Body Opening }{o}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/openings", ID: "openings", Rule: "file.openings", Summary: "Files opened in an emergency, in reach or by oneself"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body []Opening }, error) {
			list, err := s.Openings(ctx)
			return &struct{ Body []Opening }{list}, err
		})
	web.Handle(api, web.Op{Method: "POST", Path: "/api/openings/{id}/review", ID: "reviewOpening", Rule: "file.review", Summary: "A second person says whether there was reason"},
		func(ctx context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				Justified bool `json:"justified"`
			}
		}) (*struct{}, error) {
			return nil, s.ReviewOpening(ctx, in.ID, in.Body.Justified)
		})
	type newFile struct {
		Body struct {
			Child     Particulars `json:"child"`
			Relatives []Relative  `json:"relatives" maxItems:"12"`
			Facts     []NewFact   `json:"facts" maxItems:"30"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children", ID: "addChild", Rule: "child.add", Summary: "Enter a child"},
		func(ctx context.Context, in *newFile) (*struct{ Body Receipt }, error) {
			r, err := s.Add(ctx, NewFile{Child: in.Body.Child, Relatives: in.Body.Relatives, Facts: in.Body.Facts})
			return &struct{ Body Receipt }{r}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children/{id}", ID: "child", Rule: "child.read", Summary: "A child's file"},
		func(ctx context.Context, in *byID) (*struct{ Body *File }, error) {
			f, err := s.Find(ctx, in.ID)
			return &struct{ Body *File }{f}, err
		})
	type change struct {
		ID   string `path:"id"`
		Body struct {
			Version int `json:"version" minimum:"1"`
			Change
		}
	}
	web.Handle(api, web.Op{Method: "PATCH", Path: "/api/children/{id}", ID: "changeChild", Rule: "child.change", Summary: "Correct particulars of a child"},
		func(ctx context.Context, in *change) (*struct{ Body Receipt }, error) {
			r, err := s.Update(ctx, in.ID, in.Body.Version, in.Body.Change)
			return &struct{ Body Receipt }{r}, err
		})
	type facts struct {
		ID   string `path:"id"`
		Body struct {
			Facts []NewFact `json:"facts" minItems:"1" maxItems:"30"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children/{id}/facts", ID: "recordFacts", Rule: "child.change", Summary: "Record dated facts"},
		func(ctx context.Context, in *facts) (*struct{ Body Receipt }, error) {
			r, err := s.RecordFacts(ctx, in.ID, in.Body.Facts...)
			return &struct{ Body Receipt }{r}, err
		})
	type relative struct {
		ID   string `path:"id"`
		Body Relative
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children/{id}/relatives", ID: "addRelative", Rule: "child.change", Summary: "Add somebody to a child's family or care"},
		func(ctx context.Context, in *relative) (*struct{ Body Receipt }, error) {
			r, err := s.AddRelative(ctx, in.ID, in.Body)
			return &struct{ Body Receipt }{r}, err
		})
	type endRelation struct {
		ID       string `path:"id"`
		Relation string `path:"relation"`
		Body     struct {
			On clock.Day `json:"on,omitempty" maxLength:"10"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children/{id}/relatives/{relation}/end", ID: "endRelation", Rule: "child.change", Summary: "End somebody's part in a child's family or care"},
		func(ctx context.Context, in *endRelation) (*struct{ Body Receipt }, error) {
			r, err := s.EndRelation(ctx, in.ID, in.Relation, in.Body.On)
			return &struct{ Body Receipt }{r}, err
		})
	type reveal struct {
		ID   string `path:"id"`
		Body struct {
			PersonID string `json:"person_id,omitempty" maxLength:"40" doc:"of the family; empty for the child"`
			Field    string `json:"field" enum:"identity,telephone"`
			Reason   string `json:"reason" minLength:"2" maxLength:"100"`
		}
	}
	type revealed struct {
		Body struct {
			Value string `json:"value"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children/{id}/reveal", ID: "reveal", Rule: "child.reveal", Summary: "Show one masked value, for a reason that is journalled"},
		func(ctx context.Context, in *reveal) (*revealed, error) {
			var out revealed
			var err error
			out.Body.Value, err = s.Reveal(ctx, in.ID, in.Body.PersonID, in.Body.Field, in.Body.Reason)
			return &out, err
		})
	type timeline struct {
		ID     string `path:"id"`
		Before int64  `query:"before"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children/{id}/timeline", ID: "timeline", Rule: "child.read", Summary: "What happened on a child's file"},
		func(ctx context.Context, in *timeline) (*struct{ Body []journal.Line }, error) {
			lines, err := s.Timeline(ctx, in.ID, in.Before)
			return &struct{ Body []journal.Line }{lines}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children/{id}/history", ID: "history", Rule: "child.change", Summary: "Every change of fields"},
		func(ctx context.Context, in *byID) (*struct{ Body []History }, error) {
			h, err := s.Histories(ctx, in.ID)
			return &struct{ Body []History }{h}, err
		})
	type verdicts struct {
		ID string    `path:"id"`
		On clock.Day `query:"on" required:"true" maxLength:"10"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/children/{id}/verdicts", ID: "verdicts", Rule: "child.read", Summary: "The verdict under each definition, as of any day"},
		func(ctx context.Context, in *verdicts) (*struct{ Body []Verdict }, error) {
			v, err := s.VerdictsOn(ctx, in.ID, in.On)
			return &struct{ Body []Verdict }{v}, err
		})
	type leave struct {
		ID   string `path:"id"`
		Body struct {
			Version int       `json:"version" minimum:"1"`
			Reason  string    `json:"reason" maxLength:"20"`
			On      clock.Day `json:"on" maxLength:"10"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children/{id}/leaving", ID: "leave", Rule: "child.leave", Summary: "Take a child off the register"},
		func(ctx context.Context, in *leave) (*struct{ Body Receipt }, error) {
			r, err := s.Leave(ctx, in.ID, in.Body.Version, in.Body.Reason, in.Body.On)
			return &struct{ Body Receipt }{r}, err
		})
	type back struct {
		ID   string `path:"id"`
		Body struct {
			Version int `json:"version" minimum:"1"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children/{id}/return", ID: "returnChild", Rule: "child.leave", Summary: "Put a child back on the register"},
		func(ctx context.Context, in *back) (*struct{ Body Receipt }, error) {
			r, err := s.Return(ctx, in.ID, in.Body.Version)
			return &struct{ Body Receipt }{r}, err
		})
	type offer struct {
		ID   string `path:"id"`
		Body struct {
			To     string `json:"to" pattern:"^[0-9]{12}$" patternDescription:"村（社区）"`
			Reason string `json:"reason" minLength:"1" maxLength:"100"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/children/{id}/moves", ID: "offerMove", Rule: "child.move", Summary: "Hand a file to the village where the child now lives"},
		func(ctx context.Context, in *offer) (*struct{ Body Receipt }, error) {
			r, err := s.Offer(ctx, in.ID, in.Body.To, in.Body.Reason)
			return &struct{ Body Receipt }{r}, err
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/moves", ID: "moves", Rule: "move.list", Summary: "Hand-overs that wait for either side"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body []Move }, error) {
			m, err := s.Moves(ctx)
			return &struct{ Body []Move }{m}, err
		})
	type decide struct {
		ID   string `path:"id"`
		Body struct {
			Decision string `json:"decision" enum:"accept,refuse,withdraw"`
		}
	}
	web.Handle(api, web.Op{Method: "POST", Path: "/api/moves/{id}/decision", ID: "decideMove", Rule: "child.move", Summary: "Accept, refuse or withdraw a hand-over"},
		func(ctx context.Context, in *decide) (*struct{ Body Receipt }, error) {
			r, err := s.Decide(ctx, in.ID, MoveAction(in.Body.Decision))
			return &struct{ Body Receipt }{r}, err
		})
	type at struct {
		Region string `query:"region" required:"true" minLength:"12" maxLength:"12"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/overview", ID: "overview", Rule: "figure.read", Summary: "A place's figures and those of the places below"},
		func(ctx context.Context, in *at) (*struct{ Body *Overview }, error) {
			o, err := s.Overview(ctx, in.Region)
			return &struct{ Body *Overview }{o}, err
		})
	type vocabulary struct {
		Body struct {
			Values      map[string][]Word     `json:"values"`
			Kinships    []Word                `json:"kinships"`
			Missing     map[string]string     `json:"missing"`
			Leaving     []Word                `json:"leaving"`
			Definitions []policy.Definition   `json:"definitions"`
			Levels      []policy.SupportLevel `json:"levels"`
			Situations  []policy.Situation    `json:"situations"`
		}
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/vocabulary", ID: "vocabulary", Rule: "vocabulary", Summary: "The codes of the register, in words"},
		func(context.Context, *struct{}) (*vocabulary, error) {
			var out vocabulary
			out.Body.Values, out.Body.Kinships, out.Body.Missing, out.Body.Leaving = Values, Kinships, MissingWords, LeaveReasons
			out.Body.Definitions, out.Body.Levels, out.Body.Situations = s.definitionsInForce(), s.policy.Pack.Levels, s.policy.Pack.Situations
			return &out, nil
		})

	type place struct {
		Code string `json:"code"`
		Name string `json:"name"`
		Full string `json:"full"`
		Leaf bool   `json:"leaf" doc:"nothing lies below"`
	}
	type below struct {
		Parent string `query:"parent" maxLength:"12" doc:"empty: the provinces"`
	}
	show := func(rs []region.Region) *struct{ Body []place } {
		out := &struct{ Body []place }{[]place{}}
		book := places.Book()
		for _, r := range rs {
			out.Body = append(out.Body, place{string(r.Code), r.Name, book.FullName(r.Code), len(book.Children(r.Code)) == 0})
		}
		return out
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/regions", ID: "regions", Rule: "region.read", Summary: "The divisions below one"},
		func(_ context.Context, in *below) (*struct{ Body []place }, error) {
			return show(places.Book().Children(region.Code(in.Parent))), nil
		})
	web.Handle(api, web.Op{Method: "GET", Path: "/api/regions/search", ID: "searchRegions", Rule: "region.read", Summary: "Divisions by name or initials"},
		func(_ context.Context, in *find) (*struct{ Body []place }, error) {
			return show(places.Book().Search(in.Text, 20)), nil
		})
	type codes struct {
		Codes []string `query:"codes" maxItems:"200" doc:"twelve-digit codes"`
	}
	web.Handle(api, web.Op{Method: "GET", Path: "/api/regions/names", ID: "regionNames", Rule: "region.read", Summary: "What codes are called"},
		func(_ context.Context, in *codes) (*struct{ Body []place }, error) {
			var found []region.Region
			for _, c := range in.Codes {
				if r, ok := places.Book().Find(region.Code(c)); ok {
					found = append(found, r)
				}
			}
			return show(found), nil
		})
}
