package app_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"shouwang/app"
	"shouwang/platform/fault"
	"shouwang/platform/store"
)

// A real county's first day: founded once, its administrators activate their
// accounts, staff come by roster, and what cannot be taken says why.
func TestFound_ARealCountysFirstDay(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	a, err := app.Open(ctx, app.Config{DB: "sqlite:" + filepath.Join(dir, "x.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	founded, err := a.Found(ctx, app.Founding{County: "500235", Numbers: map[string]int{"visit.level1": 10}})
	if err != nil || len(founded.Admins) != 3 {
		t.Fatalf("%+v %v", founded, err)
	}
	if _, err := a.Found(ctx, app.Founding{County: "500235"}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("founded twice: %v", err)
	}
	for _, admin := range founded.Admins {
		if _, err := a.Accounts.Activate(ctx, admin.Username, admin.Code, "我们一起守望孩子们慢慢长大", ""); err != nil {
			t.Fatalf("%s: %v", admin.Username, err)
		}
	}
	roster := filepath.Join(dir, "staff.csv")
	if err := os.WriteFile(roster, []byte("姓名,岗位,职责范围\n钱小山,儿童督导员,双江街道\n孙小河,儿童主任,双江街道杏家湾社区\n孙小河,儿童主任,双江街道杏家湾社区\n周小海,儿童主任,没有这个村\n吴小江,儿童主任,双江街道\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	security, err := a.Accounts.As(ctx, "security")
	if err != nil {
		t.Fatal(err)
	}
	people, err := a.Engage(security, roster)
	if err != nil || len(people) != 5 {
		t.Fatalf("%+v %v", people, err)
	}
	for i, taken := range []bool{true, true, false, false, false} {
		if (people[i].Problem == "") != taken || (people[i].Code != "") != taken {
			t.Errorf("row %d: %+v", people[i].Row, people[i])
		}
	}
	if people[1].Username != "sunxiaohe" {
		t.Errorf("the account is %q", people[1].Username)
	}
	if _, err := a.Accounts.Activate(ctx, people[1].Username, people[1].Code, "我负责杏家湾社区的孩子们平安", ""); err != nil {
		t.Errorf("the printed code: %v", err)
	}
	units, err := store.All[int](ctx, a.DB, `select count(*) from account_organisation where kind in ('village_committee', 'township_government') group by kind order by kind`)
	if err != nil || len(units) != 2 || units[0] != 42 || units[1] != 480 {
		t.Errorf("%v %v", units, err)
	}
}
