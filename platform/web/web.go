// Package web carries requests to the mechanisms and their answers back. A
// mechanism registers typed handlers; from the same types come validation, the
// OpenAPI file and the browser's client. Every operation names the rule that
// guards it, and the server does not start with one that names none.
//
// An error leaves as problem+json in Chinese, with the fields at fault named
// and no rejected value in it. A write carries an Idempotency-Key and may be
// sent again: it happens once (platform/store, WithOnce).
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/validation"

	"shouwang/platform/authz"
	"shouwang/platform/fault"
	"shouwang/platform/journal"
	"shouwang/platform/store"
)

// Op names one operation. ID is the client's function name and unique; Rule is
// an action of the authority, or authz.Public.
type Op struct {
	Method  string
	Path    string
	ID      string
	Rule    string
	Summary string
	// MaxBody raises the body limit of 1 MiB, in bytes.
	MaxBody int64
}

// API is the set of operations being served.
type API struct {
	huma  huma.API
	mux   *http.ServeMux
	rules *authz.Authority
	ops   []Op
	errs  []error
}

// New returns an empty API on mux.
func New(mux *http.ServeMux, rules *authz.Authority, version string) *API {
	config := huma.DefaultConfig("Shouwang 守望", version)
	config.CreateHooks = nil
	config.Transformers = nil
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Info.Description = "Every operation names its rule in x-rule; problem+json in Chinese."
	return &API{huma: humago.New(mux, config), mux: mux, rules: rules}
}

// schemaName prefixes a type with its package, since two mechanisms may well
// both have a Row.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if base, of, generic := strings.Cut(t.Name(), "["); generic { // web.Page[…/registry.Row] is RegistryRowPage
		of = strings.TrimSuffix(of[strings.LastIndexByte(of, '/')+1:], "]")
		pkg, name, _ := strings.Cut(of, ".")
		return strings.ToUpper(pkg[:1]) + pkg[1:] + name + base
	}
	name := huma.DefaultSchemaNamer(t, hint)
	pkg := t.PkgPath()
	if pkg == "" || !strings.HasPrefix(pkg, "shouwang/") {
		return name
	}
	base := pkg[strings.LastIndexByte(pkg, '/')+1:]
	if strings.HasPrefix(strings.ToLower(name), base) {
		return name
	}
	return strings.ToUpper(base[:1]) + base[1:] + name
}

// Handle registers an operation. Before the handler runs, the person's roles
// must have the rule at all; the mechanism then checks the record itself.
func Handle[In, Out any](api *API, op Op, handler func(context.Context, *In) (*Out, error)) {
	if !api.rules.Knows(op.Rule) {
		api.errs = append(api.errs, fmt.Errorf("%s %s names no known rule (%q)", op.Method, op.Path, op.Rule))
		return
	}
	api.ops = append(api.ops, op)
	huma.Register(api.huma, huma.Operation{
		OperationID:  op.ID,
		Method:       op.Method,
		Path:         op.Path,
		Summary:      op.Summary,
		MaxBodyBytes: op.MaxBody,
		Extensions:   map[string]any{"x-rule": op.Rule},
		Errors:       []int{},
		Middlewares:  huma.Middlewares{api.before(op.Rule)},
	}, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, problem(ctx, err)
		}
		return out, nil
	})
}

// before refuses who may not do an operation at all, before a byte of the
// request is read: a stranger learns nothing of its shape.
func (api *API) before(rule string) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		err := api.guard(hc.Context(), rule)
		if err == nil {
			next(hc)
			return
		}
		p := problem(hc.Context(), err)
		hc.SetHeader("Content-Type", "application/problem+json")
		hc.SetStatus(p.Status)
		_ = json.NewEncoder(hc.BodyWriter()).Encode(p) // the browser has gone: nobody to tell
	}
}

// HandleRaw registers a handler that streams: downloads, uploads, events. The
// rule is checked as for any other; the handler returns an error before its
// first byte.
func HandleRaw(api *API, op Op, handler func(http.ResponseWriter, *http.Request) error) {
	if !api.rules.Knows(op.Rule) {
		api.errs = append(api.errs, fmt.Errorf("%s %s names no known rule (%q)", op.Method, op.Path, op.Rule))
		return
	}
	api.ops = append(api.ops, op)
	doc := &huma.Operation{OperationID: op.ID, Method: op.Method, Path: op.Path, Summary: op.Summary, Extensions: map[string]any{"x-rule": op.Rule},
		Responses: map[string]*huma.Response{"200": {Description: "A stream"}}}
	for _, part := range strings.Split(op.Path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			doc.Parameters = append(doc.Parameters, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
		}
	}
	api.huma.OpenAPI().AddOperation(doc)
	api.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		err := api.guard(r.Context(), op.Rule)
		if err == nil {
			err = handler(w, r)
		}
		if err != nil {
			WriteProblem(w, r, err)
		}
	})
}

var errSignIn = &Problem{Status: http.StatusUnauthorized, ID: "session.none", Title: "请先登录。您填写的内容不会丢失。"}

func (api *API) guard(ctx context.Context, rule string) error {
	if rule == authz.Public {
		return nil
	}
	if _, ok := authz.ActorOf(ctx); !ok {
		return errSignIn
	}
	return api.rules.Need(ctx, rule)
}

// Err reports what is wrong with the operations as registered; the server does
// not start on it.
func (api *API) Err() error {
	if len(api.errs) > 0 {
		return api.errs[0]
	}
	return nil
}

// Ops lists what is served, for the tests that visit every route.
func (api *API) Ops() []Op {
	out := append([]Op(nil), api.ops...)
	sort.Slice(out, func(i, j int) bool {
		return out[i].Path < out[j].Path || out[i].Path == out[j].Path && out[i].Method < out[j].Method
	})
	return out
}

// OpenAPI renders the contract as YAML.
func (api *API) OpenAPI() ([]byte, error) { return api.huma.OpenAPI().YAML() }

// statuses is the one table from kinds to HTTP.
var statuses = map[fault.Kind]int{
	fault.Invalid:  http.StatusUnprocessableEntity,
	fault.NotFound: http.StatusNotFound,
	fault.Denied:   http.StatusForbidden,
	fault.Conflict: http.StatusConflict,
	fault.Stale:    http.StatusPreconditionFailed,
	fault.Internal: http.StatusInternalServerError,
}

// Problem is an error as it leaves (RFC 9457). Fields maps an input's path to
// what is wrong with it, in Chinese.
type Problem struct {
	Status int               `json:"status"`
	ID     string            `json:"id"`
	Title  string            `json:"title"`
	Fields map[string]string `json:"fields,omitempty"`
}

func (p *Problem) Error() string  { return p.ID }
func (p *Problem) GetStatus() int { return p.Status }

// ContentType says problem+json for what would be plain JSON.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if ctx.Err() != nil { // the person has gone; nobody reads the answer
		return &Problem{Status: 499, ID: "gone", Title: "连接已断开。"}
	}
	if r, ok := errors.AsType[*journal.Recording](err); ok { // a refusal is on record before it is said
		if failed := r.Wait(ctx); failed != nil {
			err = failed
		}
	}
	if store.IsUnreadable(err) {
		err = fault.NewInvalid("request.text", "内容里有不能保存的字符，请删去后再提交。")
	}
	if errors.Is(err, store.ErrKeyReused) {
		err = fault.NewConflict("request.key_reused", "这个请求编号已用于另一份内容，请刷新页面后重新提交。")
	}
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		slog.ErrorContext(ctx, "request failed", "id", f.ID, "cause", err)
	}
	return &Problem{Status: statuses[f.Kind], ID: f.ID, Title: f.Text, Fields: f.Fields}
}

// The library's validation speaks through package variables; they are set once
// for the program, in the language of its users, and never echo a value.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		p := &Problem{Status: status, ID: "request.invalid", Title: "有内容需要修改，请看标出的地方。", Fields: map[string]string{}}
		switch {
		case status == http.StatusRequestEntityTooLarge:
			p.ID, p.Title = "request.too_large", "内容太大，服务器没有接收。请减小后重试。"
		case status == http.StatusRequestTimeout:
			p.ID, p.Title = "request.timeout", "网络太慢，内容没有传完。请重试，不会重复提交。"
		case status >= 500:
			p.ID, p.Title = "internal", fault.NewInternal(nil).Text
		}
		for _, err := range errs {
			if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
				said := d.Message
				// What the library's parsers say is English and may quote the input.
				if !strings.ContainsFunc(said, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
					said = "格式不对"
				}
				p.Fields[strings.TrimPrefix(strings.TrimPrefix(d.Location, "body."), "query.")] = said
			}
		}
		return p
	}
	huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return huma.NewError(status, msg, errs...)
	}
	validation.MsgUnexpectedProperty = "不认识这一项"
	validation.MsgExpectedRFC3339DateTime = "时间格式不对"
	validation.MsgExpectedRFC3339Date = "日期应写成 2026-01-31 这样"
	validation.MsgExpectedRFC4122UUID = "编号格式不对"
	validation.MsgExpectedBoolean = "应选是或否"
	validation.MsgExpectedNumber = "应填数字"
	validation.MsgExpectedInteger = "应填整数"
	validation.MsgExpectedString = "应填文字"
	validation.MsgExpectedArray = "应是一组内容"
	validation.MsgExpectedObject = "应是一组填写项"
	validation.MsgExpectedArrayItemsUnique = "有重复的内容"
	validation.MsgExpectedOneOf = "请从给出的选项中选（%s）"
	validation.MsgExpectedMinimumNumber = "不能小于 %v"
	validation.MsgExpectedExclusiveMinimumNumber = "应大于 %v"
	validation.MsgExpectedMaximumNumber = "不能大于 %v"
	validation.MsgExpectedExclusiveMaximumNumber = "应小于 %v"
	validation.MsgExpectedMinLength = "至少 %d 个字"
	validation.MsgExpectedMaxLength = "最多 %d 个字"
	validation.MsgExpectedBePattern = "应为%s"
	validation.MsgExpectedMatchPattern = "格式不对（%s）"
	validation.MsgExpectedMinItems = "至少 %d 项"
	validation.MsgExpectedMaxItems = "最多 %d 项"
	validation.MsgExpectedRequiredProperty = "请填写%s"
}
