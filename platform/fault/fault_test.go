package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"shouwang/platform/fault"
)

func TestOf_KindSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("opening the file: %w", fault.NewStale("child.stale", "别人刚刚改过，请刷新后再改。"))
	if !fault.Is(err, fault.Stale) || fault.Of(err).ID != "child.stale" {
		t.Fatalf("got %v", fault.Of(err))
	}
}

func TestOf_AForeignErrorIsInternalAndSaysNothingOfItsCause(t *testing.T) {
	e := fault.Of(errors.New("pq: duplicate key 500235"))
	if e.Kind != fault.Internal || strings.Contains(e.Text, "500235") {
		t.Fatalf("got %v %q", e.Kind, e.Text)
	}
}

func TestHide_DeniedIsSaidAsNotFoundAndKeepsItsRule(t *testing.T) {
	e := fault.Of(fault.Hide(fmt.Errorf("reading: %w", fault.NewDenied("child.read", "您没有查看这份档案的权限。"))))
	if e.Kind != fault.NotFound || e.Rule != "child.read" || strings.Contains(e.Text, "权限") {
		t.Fatalf("got %+v", e)
	}
}

func TestAt_DoesNotChangeTheFaultItCameFrom(t *testing.T) {
	base := fault.NewInvalid("form.invalid", "有几处需要改。")
	one, two := base.At("name", "请填写姓名"), base.At("phone", "请填写电话")
	if len(base.Fields) != 0 || len(one.Fields) != 1 || two.Fields["name"] != "" {
		t.Fatalf("shared fields: %v %v %v", base.Fields, one.Fields, two.Fields)
	}
}
