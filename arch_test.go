package shouwang_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers is the architecture: a package may import those of earlier lines and
// none of its own line or a later one. Platform knows nothing of children. The
// mechanisms stand in the order help flows; the later pulls from the earlier.
var layers = []string{
	"platform/clock platform/fault",
	"platform/files platform/identity platform/picture platform/print platform/sheet platform/state platform/store",
	"platform/crypto platform/journal platform/region",
	"platform/authz platform/spool platform/tally",
	"platform/jobs platform/web",
	"platform/account platform/notify",

	"domain/policy",
	"domain/duty",
	"domain/registry",
	"domain/report",
	"domain/casework",
	"domain/visit",
	"domain/entrustment",
	"domain/school",
	"domain/emergency",
	"domain/assessment",
	"domain/assistance",
	"domain/guardianship",
	"domain/community",
	"domain/livelihood",
	"domain/governance",

	"migrations ui", // the schema and the front ends, which know of no mechanism
	"app",
	"cmd bench",
}

// alone are programs that make files of the repository. They import platform
// at most, and nobody imports them.
var alone = []string{"platform/region/generate", "tools", "bench/roster"}

const module = "shouwang/"

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) (out []pkg) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		for _, list := range []*[]string{&p.Imports, &p.TestImports, &p.XTestImports} {
			own := []string{}
			for _, i := range *list {
				if strings.HasPrefix(i, module) {
					own = append(own, strings.TrimPrefix(i, module))
				}
			}
			*list = own
		}
		out = append(out, p)
	}
}

// under reports whether a package is another or lies in its folder.
func under(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

// rank is the line a package stands on; -1 when on none.
func rank(p string) int {
	return slices.IndexFunc(layers, func(line string) bool {
		return slices.ContainsFunc(strings.Fields(line), func(folder string) bool { return under(p, folder) })
	})
}

func isAlone(p string) bool {
	return slices.ContainsFunc(alone, func(folder string) bool { return under(p, folder) })
}

// forTests reports a package of fixtures, such as domain/registry/registrytest:
// its name says whose.
func forTests(p string) bool {
	return strings.HasSuffix(path.Base(p), "test") && path.Base(p) == path.Base(path.Dir(p))+"test"
}

// wrongImport says why a package may not import another; empty when it may.
func wrongImport(from, to string) string {
	switch {
	case forTests(to) && !forTests(from):
		return "only tests may import fixtures"
	case isAlone(to):
		return "nobody imports a program"
	case isAlone(from):
		if !strings.HasPrefix(to, "platform/") {
			return "a tool of the repository knows platform at most"
		}
		return ""
	case rank(from) < 0 || rank(to) < 0:
		return "it stands on no line of layers"
	case from == "platform/store/storetest" && to == "migrations": // an empty database is a migrated one
		return ""
	case to == "ui" && from != "app":
		return "only app serves the front ends"
	case forTests(from) && under(from, to):
		return ""
	case rank(to) >= rank(from):
		return "it stands on the same line of layers or a later one"
	}
	return ""
}

func TestImports_RunUpstreamOnly(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		if p.ImportPath == "shouwang" {
			continue
		}
		if rank(p.ImportPath) < 0 && !isAlone(p.ImportPath) {
			t.Errorf("%s stands on no line of layers", p.ImportPath)
		}
		for _, to := range p.Imports {
			seen++
			if why := wrongImport(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
		// Tests may use fixtures and what stands earlier; platform's tests too
		// know nothing of children.
		for _, to := range append(p.TestImports, p.XTestImports...) {
			if to == p.ImportPath || forTests(to) && (strings.HasPrefix(to, "platform/") || !strings.HasPrefix(p.ImportPath, "platform/")) {
				continue
			}
			if why := wrongImport(p.ImportPath, to); why != "" {
				t.Errorf("a test of %s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
	if seen < 50 {
		t.Fatalf("only %d imports were looked at", seen)
	}
}

func TestImports_TheTableRefusesWhatItShould(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"domain/duty", "domain/policy", true}, {"domain/policy", "domain/duty", false}, {"platform/web", "domain/duty", false},
		{"platform/store", "platform/journal", false}, {"platform/journal", "platform/store", true}, {"platform/jobs", "platform/web", false},
		{"domain/visit", "domain/visit", false}, {"domain/governance", "domain/livelihood", true}, {"app", "domain/governance", true},
		{"domain/duty", "app", false}, {"cmd/shouwang", "app", true}, {"app", "cmd/shouwang", false}, {"domain/registry", "ui", false},
		{"app", "domain/registry/registrytest", false}, {"domain/report/reporttest", "domain/registry/registrytest", true}, {"domain/registry/registrytest", "domain/report/reporttest", false}, {"domain/registry/registrytest", "domain/registry", true},
		{"domain/registry/registrytest", "domain/visit", false}, {"app", "tools/licences", false}, {"domain/unheard", "platform/store", false},
	} {
		if why := wrongImport(c.from, c.to); (why == "") != c.ok {
			t.Errorf("%s imports %s: %q", c.from, c.to, why)
		}
	}
}

// --- queries of protected tables ---------------------------------------------------

// protected are the tables whose rows tell of a child, of their family or of
// who looked at them.
var protected = regexp.MustCompile(`(?i)\b(from|join|,)\s+(registry_child|registry_fact|registry_relation|registry_person|registry_history|registry_import_row|visit_[a-z]+|report_(?:thread|report|reporter|file|note|omission|award)|casework_(?:record|correction)|guardianship_finding|registry_opening|duty_duty|journal_line)\b`)

// A text that reads a protected table carries {scope …}, so that no list can
// forget whose rows the person may see. Where it does not, the function stands
// here with how many such texts it has and why they are no way around the
// rules.
var unscoped = []struct {
	function string
	texts    int
	kind     kind
	why      string
}{
	{"duty.Service.List", 1, scopedElsewhere, "{scope d} is the first of where"},
	{"duty.Service.DueOf", 1, named, "the caller has checked the child"},
	{"duty.Service.OfThread", 1, named, "the duties of a case that the caller has checked"},
	{"duty.Service.NextOf", 1, named, "the duties of cases that the caller's list let through"},
	{"duty.openNames", 1, change, "duties that would be opened twice"},
	{"duty.Service.open", 1, change, "the duties that a checked change closes or moves"},
	{"duty.Service.HandOver", 1, change, "the duty it finds is checked next"},
	{"duty.Service.Tick", 1, system, "the clock looks at what is due everywhere"},
	{"duty.Crosswise", 4, scopedElsewhere, "governance puts each inside a query with {scope r}"},
	{"registry.Service.Histories", 1, named, "reach has checked the child"},
	{"registry.Service.RecordFactsTx", 1, named, "the child that the change is about, checked by the caller"},
	{"registry.Service.addRelativeTx", 1, change, "the file that a checked row of an import joins"},
	{"registry.Service.filesOf", 1, matching, "files that rows of an import may be; shown only through nameTwins, which is scoped"},
	{"registry.deciding.row", 1, named, "one row of an import, checked by its decider"},
	{"registry.Service.adopt", 1, change, "the family of the file that a checked row joins"},
	{"registry.deciding.sameNumber", 1, matching, "another row of the same import with the same number"},
	{"registry.Imports.decidedRows", 1, system, "the job that checks an import reads its own rows"},
	{"registry.Imports.postBatch", 1, system, "the job that enters an import reads its own rows"},
	{"registry.Imports.entries", 1, system, "the job that enters an import reads its own rows"},
	{"registry.Imports.openDuties", 1, counted, "how many rows each place has to settle"},
	{"registry.Imports.dutyDone", 1, counted, "whether a place has rows left to settle"},
	{"registry.Imports.Rows", 1, scopedElsewhere, "{scope r} is the first of where"},
	{"registry.Imports.nameTwins", 1, named, "the sheet's own numbers of rows of an import that is visible"},
	{"registry.Imports.report", 1, named, "the whole of an import, told to whoever ran it"},
	{"registry.Service.filed", 1, matching, "a child out of sight may be the same one; the lowest office over both settles it"},
	{"registry.Service.kin", 1, matching, "their families, by which likeness is judged and nothing is shown"},
	{"registry.Service.onFile", 1, matching, "children of the same name or number, as filed"},
	{"registry.Imports.endReturned", 1, system, "the rows of the import that is being entered"},
	{"registry.Imports.endOrigins", 1, change, "the one row of the same county that a mended one replaces"},
	{"registry.builtOn", 1, counted, "whether something was built on a file; part of the two texts below"},
	{"registry.Imports.notBuiltOn", 1, named, "files of the import that the actor may undo, by number"},
	{"registry.Imports.undoBatch", 2, system, "the job that takes an import back"},
	{"registry.Imports.keepAfterAll", 1, counted, "how many files of an import stay"},
	{"registry.Service.remove", 2, change, "the families of files that are taken back"},
	{"registry.Service.carry", 1, named, "the child of a hand-over that was checked"},
	{"registry.Service.Moves", 1, named, "names of the children in hand-overs listed by scope: the receiver must know whose file it is"},
	{"registry.Recount", 2, counted, "everything anew, for doctor and the tests"},
	{"registry.Service.List", 2, scopedElsewhere, "{scope c id} is the first of where; the inner query gives the ids of the outer"},
	{"registry.Service.find", 2, scopedElsewhere, "conditions of List"},
	{"registry.Service.reach", 1, named, "read to be checked, and not told before"},
	{"registry.Service.Subject", 1, named, "read to be checked, and not told before"},
	{"registry.Service.Find", 1, named, "the family of a child that reach has checked"},
	{"registry.Service.Reveal", 1, named, "a family member of a child that reach has checked"},
	{"registry.Service.Carers", 1, named, "of children that the caller's rule let through"},
	{"registry.Service.joinPeople", 1, matching, "a parent already on file by the same number"},
	{"registry.Service.load", 1, named, "children that a checked change or the clock is about"},
	{"registry.Service.factsOf", 1, named, "children that a checked change or the clock is about"},
	{"registry.Sources", 6, scopedElsewhere, "governance puts each inside a query with {scope r}"},
	{"registry.Service.byNumber", 1, matching, "the file of a number known in full, opened in an emergency and reviewed"},
	{"registry.Service.ReviewOpening", 1, named, "read to be checked, and not told before"},
	{"report.thread", 1, named, "read to be checked, and not told before"},
	{"report.reports", 1, named, "the reports of a case that the caller has checked"},
	{"casework.Service.Records", 2, named, "the records of a case that the caller has checked"},
	{"casework.Service.sent", 1, named, "the same record sent again"},
	{"casework.Service.last", 2, named, "the line of a case that was checked"},
	{"casework.Service.Correct", 1, named, "read to be checked, and not told before"},
	{"report.Service.Photo", 1, named, "a photograph of a case that the caller has checked"},
	{"report.Service.threadOf", 1, named, "read to be checked, or asked for with the report's own secret"},
	{"report.Service.fileTx", 1, named, "the same report sent again"},
	{"report.Service.caseFor", 2, matching, "the open case a new report belongs to; its sender is shown nothing of it"},
	{"report.Service.lane", 1, counted, "how many cases came by the narrow lane within the hour, up to twenty"},
	{"report.Service.Progress", 1, named, "told only for the report's own secret"},
	{"report.Service.progress", 1, counted, "how many files came with a report whose secret was given"},
	{"report.Service.Own", 1, named, "of reports that the person who asks has made"},
	{"report.Service.answerTx", 1, change, "whom to tell; nobody is shown who they are"},
	{"report.Service.Place", 2, change, "the child's other case, and the reports that move with this one"},
	{"report.Service.dress", 1, named, "what was said in cases that the list let through"},
	{"report.Service.fill", 2, named, "evidence and notes of a case that was checked"},
	{"report.Service.addFile", 2, counted, "how many files there are already"},
	{"report.Service.ReadFile", 1, named, "read to be checked, and not told before"},
	{"report.Service.Reporter", 1, named, "after the compartment let the person in"},
	{"report.Service.omission", 1, named, "read to be checked, and not told before"},
	{"report.Sources", 4, scopedElsewhere, "governance puts each inside a query with {scope r}"},
	{"guardianship.shownFor", 1, scopedElsewhere, "governance puts each inside a query with {scope r}"},
	{"emergency.Service.recall", 1, change, "posters of the case that was found, and of those joined to it"},
	{"casework.Sources", 1, scopedElsewhere, "governance puts each inside a query with {scope r}"},
	{"visit.Service.AddPhoto", 3, named, "the visit is read to be checked; its photographs are counted"},
	{"visit.Service.Photo", 1, named, "read to be checked, and not told before"},
	{"visit.Service.RecordTx", 1, named, "the same visit sent again, for a child that was checked"},
	{"visit.Service.follow", 1, named, "the child of the visit that is being recorded"},
	{"visit.Service.Find", 2, named, "read to be checked; its photographs after the check"},
	{"visit.Service.OfChild", 1, named, "visits of a child that was checked"},
	{"visit.Sources", 3, scopedElsewhere, "governance puts each inside a query with {scope r}"},
	{"journal.OfSubject", 1, named, "the timeline of a child that the caller has checked"},
	{"journal.Seal", 1, system, "the sealer reads lines nobody has sealed"},
	{"journal.verify", 1, system, "the verifier reads the whole of a log"},
	{"journal.verifier.run", 1, system, "the verifier reads the whole of a log"},
}

// kind is the only ways a text may do without {scope …}.
type kind string

const (
	named           kind = "it reads records by name, which were or are about to be checked"
	change          kind = "it finds what a change that was checked is about"
	system          kind = "it runs as the system"
	counted         kind = "it gives a number"
	matching        kind = "it compares with children out of sight, and shows none of them"
	scopedElsewhere kind = "the scope is put in beside it"
)

type text struct {
	function string
	where    token.Position
	sql      string
}

// texts finds every string of the program's own code as it is put together:
// the pieces of one a + b + c are one text, with * for what is not a literal.
func texts(t *testing.T, folder string) (out []text) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || forTests(filepath.ToSlash(filepath.Dir(name))) {
			return err
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			function := file.Name.Name + "." + nameOf(d)
			var walk func(n ast.Node) bool
			walk = func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				switch x := e.(type) {
				case *ast.BinaryExpr:
					if x.Op != token.ADD {
						return true
					}
					out = append(out, text{function, set.Position(x.Pos()), joined(x, walk)})
					return false
				case *ast.BasicLit:
					if x.Kind == token.STRING {
						out = append(out, text{function, set.Position(x.Pos()), joined(x, walk)})
					}
				}
				return true
			}
			ast.Inspect(d, walk)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// joined puts the literals of a sum together and looks for further texts
// inside what is not a literal.
func joined(e ast.Expr, walk func(ast.Node) bool) string {
	switch x := e.(type) {
	case *ast.BinaryExpr:
		return joined(x.X, walk) + joined(x.Y, walk)
	case *ast.ParenExpr:
		return joined(x.X, walk)
	case *ast.BasicLit:
		if s, err := strconv.Unquote(x.Value); err == nil {
			return s
		}
	default:
		ast.Inspect(e, walk)
	}
	return "*"
}

func nameOf(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name
		}
		recv := d.Recv.List[0].Type
		if star, ok := recv.(*ast.StarExpr); ok {
			recv = star.X
		}
		if id, ok := recv.(*ast.Ident); ok {
			return id.Name + "." + d.Name.Name
		}
		return d.Name.Name
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				return v.Names[0].Name
			}
		}
	}
	return ""
}

func TestSQL_AListOfProtectedRowsCarriesItsScope(t *testing.T) {
	allowed, found, scoped := map[string]int{}, map[string]int{}, 0
	for _, u := range unscoped {
		if allowed[u.function] != 0 || u.texts < 1 || u.kind == "" || len(u.why) < 10 {
			t.Errorf("%s stands twice in the table, or without a number or a reason", u.function)
		}
		allowed[u.function] = u.texts
	}
	for _, folder := range []string{"domain", "platform"} {
		for _, x := range texts(t, folder) {
			switch {
			case !protected.MatchString(strings.ReplaceAll(x.sql, "delete from", "delete")):
			case strings.Contains(x.sql, "{scope"):
				scoped++
			default:
				found[x.function]++
				if found[x.function] > allowed[x.function] {
					t.Errorf("%s: %s reads a protected table without {scope …}:\n%s", x.where, x.function, strings.Join(strings.Fields(x.sql), " "))
				}
			}
		}
	}
	for function, n := range allowed {
		if found[function] < n {
			t.Errorf("%s has %d such texts and not %d any more: put the table right", function, found[function], n)
		}
	}
	if scoped < 5 {
		t.Errorf("only %d scoped texts were found: is the test still looking?", scoped)
	}
}
