package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shouwang/domain/duty"
	"shouwang/platform/account"
	"shouwang/platform/authz"
	"shouwang/platform/clock"
	"shouwang/platform/fault"
	"shouwang/platform/region"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

// do runs a change of an open case that the actor may reach.
func (s *Service) do(ctx context.Context, action, id string, f func(*store.Tx, *Thread) error) error {
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		t, err := s.OpenTx(ctx, tx, action, id)
		if err != nil {
			return err
		}
		return f(tx, &t)
	})
}

// reports are those of a case and of the cases joined to it, oldest first.
func reports(ctx context.Context, q store.Querier, t Thread, states ...State) ([]Report, error) {
	all, err := store.All[Report](ctx, q, `
		select `+store.Columns[Report]("r")+`
		  from report_report r
		 where r.thread_id = ? or r.thread_id in (select j.id from report_thread j where j.joined_into = ?)
		 order by r.filed_at, r.id`, t.ID, t.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the reports: %w", err)
	}
	if len(states) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(r Report) bool { return !slices.Contains(states, r.State) }), nil
}

// move is the only statement that changes a report's state.
func (s *Service) move(ctx context.Context, tx *store.Tx, t Thread, r *Report, by Action) error {
	next, err := Transitions.Next(r.State, by)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	was := r.State
	r.PriorState, r.State, r.MovedAt = was, next, now
	switch next {
	case Accepted:
		r.AcceptedAt = now
	case Answered:
		r.AnsweredAt = now
	}
	n, err := store.Exec(ctx, tx, `
		update report_report
		   set prior_state = ?, state = ?, moved_at = ?, accepted_at = ?, answered_at = ?, answer = ?, version = version + 1
		 where id = ? and state = ? and version = ?`,
		string(r.PriorState), string(r.State), r.MovedAt, r.AcceptedAt, r.AnsweredAt, r.AnswerSealed, r.ID, string(was), r.Version)
	if err != nil {
		return fmt.Errorf("moving the report: %w", err)
	}
	if n == 0 {
		return errStale
	}
	return s.journal.Record(ctx, tx, "report."+string(by), t.Entry("report", r.ID, string(next)))
}

// Accept is the police's receipt of all that has been reported in a case (受理):
// from here the response runs, and the reporters are owed an answer. Of a locked
// case that names nobody yet, whoever accepts it becomes the first to be named.
func (s *Service) Accept(ctx context.Context, id string) error {
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		t, err := s.reach(ctx, tx, "report.accept", id)
		if err != nil {
			return err
		}
		if !s.mayUnlock(ctx, tx, t) {
			held, err := s.held(ctx, tx, t)
			if err != nil {
				return err
			}
			if held {
				return errLocked
			}
		}
		if err := s.open(ctx, tx, t); err != nil {
			return err
		}
		waiting, err := reports(ctx, tx, t, Received)
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			return fault.NewConflict("report.accepted", "这个案件的报告都已受理，请刷新后再看。")
		}
		compartments := []string{}
		if t.Locked {
			compartments = append(compartments, t.ID)
		}
		for i := range waiting {
			if err := s.move(ctx, tx, t, &waiting[i], Accept); err != nil {
				return err
			}
			compartments = append(compartments, reporterOwner(waiting[i].ID))
		}
		for _, c := range compartments {
			if err := authz.NameTx(ctx, tx, c, actorID(ctx), actorID(ctx), s.clock.Now()); err != nil {
				return err
			}
		}
		if t.State == Waiting {
			if err := s.StepTx(ctx, tx, &t, Respond, ""); err != nil {
				return err
			}
		}
		if t.Lane == laneSurge { // it was one of many, and is no longer
			situations, err := s.Situations(ctx, tx, t)
			if err != nil {
				return err
			}
			if err := s.tell(ctx, tx, t, situations); err != nil {
				return err
			}
			if _, err := store.Exec(ctx, tx, `update report_thread set lane = ? where id = ?`, laneSlow, t.ID); err != nil {
				return fmt.Errorf("taking the case up: %w", err)
			}
		}
		for _, rule := range []string{ruleAnswer, ruleArrive} {
			if rule == ruleArrive && t.State != Responding { // they have been, or the township has it by now
				continue
			}
			o := t.Opening(rule, "", "")
			o.Post = t.Police()
			if _, err := s.duty.OpenTx(ctx, tx, o); err != nil {
				return err
			}
		}
		_, err = s.duty.DischargeTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleAccept, ruleSift}}, duty.Evidence{Kind: "report", ID: waiting[0].ID})
		return err
	})
}

// held reports whether a compartment names anybody who still holds a post: one
// whose people have all left may be taken up again by the police.
func (s *Service) held(ctx context.Context, q store.Querier, t Thread) (bool, error) {
	n, err := store.One[int](ctx, q, `
		select count(*) from authz_named n
		 where n.subject_id = ? and n.ended_at is null
		   and exists (select 1 from account_grant g join account_user u on u.id = g.user_id
		                where g.user_id = n.user_id and g.ended_at is null and u.disabled_at is null)`, t.ID)
	return n > 0, err
}

// Decline sends a report that the police do not take up to civil affairs, who
// look at it again: nobody turns a report away alone.
func (s *Service) Decline(ctx context.Context, id, reason string) error {
	reason = strings.TrimSpace(reason)
	if len([]rune(reason)) < 4 {
		return fault.NewInvalid("report.reason", "请写明不予受理的理由。").At("reason", "请写明理由")
	}
	return s.do(ctx, "report.accept", id, func(tx *store.Tx, t *Thread) error {
		if t.State != Waiting {
			return fault.NewConflict("report.accepted", "这个案件已经受理，不能再作不予受理。查无此事的，请在处置中记录后按标准结案。")
		}
		waiting, err := reports(ctx, tx, *t, Received)
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			return errStale
		}
		for i := range waiting {
			if err := s.move(ctx, tx, *t, &waiting[i], Decline); err != nil {
				return err
			}
		}
		if err := s.noteTx(ctx, tx, *t, "不予受理："+reason, ""); err != nil {
			return err
		}
		if _, err := s.duty.OpenTx(ctx, tx, t.Opening(ruleReview, "", "公安不予受理，请复核")); err != nil {
			return err
		}
		_, err = s.duty.DischargeTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleAccept, ruleSift}}, duty.Evidence{Kind: "report", ID: waiting[0].ID})
		return err
	})
}

// Review is the second look at a report that was declined: agreed, the case
// closes and the reporters are told why; not agreed, it is back with the police.
func (s *Service) Review(ctx context.Context, id string, agree bool, text string) error {
	text = strings.TrimSpace(text)
	if len([]rune(text)) < 4 {
		return fault.NewInvalid("report.reason", "请写明复核意见；同意的，这段话会告知报告人。").At("text", "请写明意见")
	}
	return s.do(ctx, "report.review", id, func(tx *store.Tx, t *Thread) error {
		declined, err := reports(ctx, tx, *t, Declined)
		if err != nil {
			return err
		}
		if len(declined) == 0 {
			return errStale
		}
		if agree {
			if err := s.answerTx(ctx, tx, *t, declined, text); err != nil {
				return err
			}
		}
		for i := range declined {
			if agree {
				break
			}
			if err := s.move(ctx, tx, *t, &declined[i], Return); err != nil {
				return err
			}
		}
		if err := s.noteTx(ctx, tx, *t, "复核："+text, ""); err != nil {
			return err
		}
		evidence := duty.Evidence{Kind: "report", ID: declined[0].ID}
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleReview}}, evidence); err != nil {
			return err
		}
		more, err := reports(ctx, tx, *t, Received) // came in while the first was looked at again
		if err != nil {
			return err
		}
		if agree && len(more) == 0 {
			if t.State != Waiting { // others of its reports were taken up meanwhile
				return nil
			}
			return s.StepTx(ctx, tx, t, Close, "经复核不属于必须报告的情形")
		}
		accept := t.Opening(ruleAccept, "", "复核不同意，请受理")
		accept.Post = t.Police()
		_, err = s.duty.OpenTx(ctx, tx, accept)
		return err
	})
}

// Pass hands a case to the station whose it is (移送管辖). Every clock of the
// police runs on.
func (s *Service) Pass(ctx context.Context, id, unit, reason string) error {
	return s.do(ctx, "report.accept", id, func(tx *store.Tx, t *Thread) error {
		to, found, err := store.Maybe[account.Organisation](ctx, tx, `
			select `+store.Columns[account.Organisation]("")+` from account_organisation where id = ? and ended_on = ''`, unit)
		if err != nil {
			return fmt.Errorf("reading the station: %w", err)
		}
		if !found || to.Kind != account.PoliceStation && to.Kind != account.CountyPolice || to.ID == t.PoliceUnit {
			return fault.NewInvalid("report.station", "请选择另一个派出所或县公安局。").At("organisation_id", "请选择")
		}
		from := t.Police()
		t.PoliceRegion, t.PoliceUnit = to.Region, to.ID
		if _, err := store.Exec(ctx, tx, `update report_thread set police_region = ?, police_unit = ?, version = version + 1 where id = ?`, to.Region, to.ID, t.ID); err != nil {
			return fmt.Errorf("handing the case over: %w", err)
		}
		if err := authz.EnrolTx(ctx, tx, to.ID, t.ID, string(clock.Today(s.clock))); err != nil {
			return err
		}
		open, err := s.duty.OpenOf(ctx, tx, duty.Which{ThreadID: t.ID})
		if err != nil {
			return err
		}
		for _, d := range open {
			if d.BearerRole == string(authz.Police) && d.UnitID == from.Unit {
				if _, err := s.duty.PassTx(ctx, tx, duty.Which{ID: d.ID}, t.Police()); err != nil {
					return err
				}
			}
		}
		if err := s.noteTx(ctx, tx, *t, "移送"+to.Name+"："+strings.TrimSpace(reason), ""); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "report.pass", t.Entry("thread", t.ID, to.Name))
	})
}

// Inform says that an office the law has told took note of the report.
func (s *Service) Inform(ctx context.Context, id string) error {
	return s.do(ctx, "report.inform", id, func(tx *store.Tx, t *Thread) error {
		actor, _ := authz.ActorOf(ctx)
		done := 0
		for _, role := range []authz.Role{authz.CivilAffairs, authz.Education} {
			if !actor.Has(role) {
				continue
			}
			n, err := s.duty.DischargeTx(ctx, tx, duty.Which{SubjectKind: "thread", SubjectID: t.ID, Rules: []string{ruleInform}, For: string(role)}, duty.Evidence{Kind: "thread", ID: t.ID})
			if err != nil {
				return err
			}
			done += n
		}
		if done == 0 {
			return errStale
		}
		return s.journal.Record(ctx, tx, "report.inform", t.Entry("thread", t.ID, ""))
	})
}

// Answer tells the reporters of a case what became of their report. It may be
// given again when there is more to tell; it holds nothing of the case itself.
func (s *Service) Answer(ctx context.Context, id, text string) error {
	text = strings.TrimSpace(text)
	if len([]rune(text)) < 4 {
		return fault.NewInvalid("report.answer", "请写明告知报告人的内容。").At("text", "请写明处理结果，不要写儿童姓名、住址等信息")
	}
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		t, err := s.Reach(ctx, tx, "report.accept", id) // a closed case may still owe its answer
		if err != nil {
			return err
		}
		s.duty.Check(ctx, tx, t.ID)
		taken, err := reports(ctx, tx, t, Accepted, Answered)
		if err != nil {
			return err
		}
		if len(taken) == 0 {
			return fault.NewConflict("report.waiting", "报告还没有受理，请先受理。")
		}
		if err := s.answerTx(ctx, tx, t, taken, text); err != nil {
			return err
		}
		_, err = s.duty.DischargeTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleAnswer}}, duty.Evidence{Kind: "report", ID: taken[0].ID})
		return err
	})
}

func (s *Service) answerTx(ctx context.Context, tx *store.Tx, t Thread, told []Report, text string) error {
	owners, ids := make([]string, len(told)), make([]string, len(told))
	for i, r := range told {
		owners[i], ids[i] = r.ThreadID, r.ID
	}
	keys, err := s.keys.Keys(ctx, tx, owners...)
	if err != nil {
		return err
	}
	award := false
	for i := range told {
		key := keys[told[i].ThreadID]
		if key == nil {
			continue // erased since
		}
		award = award || told[i].State == Accepted && (told[i].Channel == Public || told[i].Channel == Hotline) && !told[i].Anonymous
		told[i].AnswerSealed = key.Seal(answerPlace(told[i].ID), text)
		if err := s.move(ctx, tx, t, &told[i], Answer); err != nil {
			return err
		}
	}
	users, err := store.All[string](ctx, tx, `
		select distinct p.user_id from report_reporter p where p.user_id <> '' and p.report_id in (`+store.Marks(len(ids))+`)`, store.Anys(ids)...)
	if err != nil {
		return fmt.Errorf("finding whom to answer: %w", err)
	}
	for _, u := range users {
		if err := s.notify.TellUserTx(ctx, tx, u, fmt.Sprintf("answer:%s:%d", t.ID, t.Version), "您报告的情况有了处理结果。", "/reports/mine", false); err != nil {
			return err
		}
	}
	if award {
		if _, err := s.duty.OpenTx(ctx, tx, t.Opening(ruleAward, "", "")); err != nil {
			return err
		}
	}
	return nil
}

// Note writes down what was done and looked at in a case; on is the day on
// which its bearer looks at it next. It discharges what asked for a next step.
func (s *Service) Note(ctx context.Context, id, text string, on clock.Day) error {
	text = strings.TrimSpace(text)
	today := clock.Today(s.clock)
	bad := fault.NewInvalid("thread.note", "有内容需要修改，请看标出的地方。")
	if text == "" {
		bad = bad.At("text", "请写明做了什么、下一步由谁做")
	}
	if on != "" && (!on.Valid() || on < today || on > today.AddDays(30)) {
		bad = bad.At("next_on", "下次查看日期应在今天到 30 天之内")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return s.do(ctx, "thread.change", id, func(tx *store.Tx, t *Thread) error {
		return s.noteTx(ctx, tx, *t, text, on)
	})
}

// NoteTx is Note for mechanisms that have checked the case.
func (s *Service) NoteTx(ctx context.Context, tx *store.Tx, t Thread, text string) error {
	return s.noteTx(ctx, tx, t, text, "")
}

func (s *Service) noteTx(ctx context.Context, tx *store.Tx, t Thread, text string, on clock.Day) error {
	key, err := s.keys.Key(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	actor, _ := authz.ActorOf(ctx)
	n := note{ID: newID(), ThreadID: t.ID, Region: t.Region, WrittenBy: actor.Name, WrittenAt: s.clock.Now(), NextOn: on}
	n.Sealed = key.Seal(notePlace(n.ID), text)
	if err := store.Insert(ctx, tx, "report_note", n); err != nil {
		return fmt.Errorf("keeping the note: %w", err)
	}
	if on != "" {
		if _, err := s.duty.DischargeTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleNext}}, duty.Evidence{Kind: "note", ID: n.ID}); err != nil {
			return err
		}
		next := t.Opening(ruleNext, "", "到了约定的查看日期")
		next.Post, next.DueOn = t.Township(), on
		if _, err := s.duty.OpenTx(ctx, tx, next); err != nil {
			return err
		}
	}
	return s.journal.Record(ctx, tx, "thread.noted", t.Entry("note", n.ID, ""))
}

// Settled ends the standing question of what is next, because a record of a
// later mechanism answers it.
func (s *Service) Settled(ctx context.Context, tx *store.Tx, t Thread, e duty.Evidence) error {
	_, err := s.duty.DischargeTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleNext}}, e)
	return err
}

// Place says whose case it is, or where: the child on file, or a nearer place.
// A child who has an open case already keeps the one: this one is joined to it
// and nothing of either is lost. It returns the case that stands.
func (s *Service) Place(ctx context.Context, id, child, at string) (string, error) {
	standing := id
	return standing, store.Do(ctx, s.db, func(tx *store.Tx) error {
		t, err := s.OpenTx(ctx, tx, "thread.change", id)
		if err != nil {
			return err
		}
		standing = t.ID
		if child != "" {
			subject, err := s.registry.Subject(ctx, tx, child)
			if err != nil {
				return err
			}
			if err := s.rules.Check(ctx, tx, "child.read", subject); err != nil {
				return err
			}
			at = subject.Region
			other, found, err := store.Maybe[Thread](ctx, tx, `
				select `+store.Columns[Thread]("t")+` from report_thread t where t.child_id = ? and t.closed_at is null and t.id <> ?`, child, t.ID)
			if err != nil {
				return fmt.Errorf("looking for the child's case: %w", err)
			}
			if found {
				standing = other.ID
				return s.joinTx(ctx, tx, t, other)
			}
		} else {
			child = t.ChildID
		}
		if !region.Code(at).Valid() || at[:6] != t.Region[:6] {
			return fault.NewInvalid("thread.place", "请选择本县的乡镇（街道）或村（社区）。").At("region", "请选择")
		}
		before := t
		t.ChildID, t.Region = child, at
		if _, err := store.Exec(ctx, tx, `update report_thread set child_id = ?, region = ?, version = version + 1 where id = ?`, store.OrNull(child), at, t.ID); err != nil {
			if store.IsUnique(err) {
				return fmt.Errorf("placing the case: %w", store.ErrAgain)
			}
			return fmt.Errorf("placing the case: %w", err)
		}
		if _, err := store.Exec(ctx, tx, `update report_report set region = ? where thread_id = ?`, at, t.ID); err != nil {
			return fmt.Errorf("placing its reports: %w", err)
		}
		moved, err := store.All[Report](ctx, tx, `select r.id, r.region, r.situations from report_report r where r.thread_id = ?`, t.ID)
		if err != nil {
			return fmt.Errorf("reading its reports: %w", err)
		}
		deltas := append(countThread(before, -1), countThread(t, 1)...)
		for _, r := range moved {
			r.Region = before.Region
			deltas = append(deltas, countReport(r, -1)...)
			r.Region = at
			deltas = append(deltas, countReport(r, 1)...)
		}
		if err := tally.AddTx(ctx, tx, deltas...); err != nil {
			return err
		}
		if _, err := s.duty.CancelTx(ctx, tx, duty.Which{ThreadID: t.ID, Rules: []string{ruleNext}}, "已明确属地"); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "thread.placed", t.Entry("thread", t.ID, ""))
	})
}

// Join joins a case to another that is about the same child.
func (s *Service) Join(ctx context.Context, id, into string) error {
	return store.Do(ctx, s.db, func(tx *store.Tx) error {
		t, err := s.OpenTx(ctx, tx, "thread.change", id)
		if err != nil {
			return err
		}
		other, err := s.OpenTx(ctx, tx, "thread.change", into)
		if err != nil {
			return err
		}
		if t.ID == other.ID || t.ChildID != "" && other.ChildID != "" {
			return fault.NewInvalid("thread.join", "这两个案件不能合并：它们各有儿童档案，或者就是同一个案件。")
		}
		if t.ChildID != "" {
			t, other = other, t
		}
		return s.joinTx(ctx, tx, t, other)
	})
}

func (s *Service) joinTx(ctx context.Context, tx *store.Tx, t, other Thread) error {
	if !s.mayUnlock(ctx, tx, other) {
		return errLocked
	}
	waiting, err := reports(ctx, tx, t, Received, Declined)
	if err != nil {
		return err
	}
	// What was joined to it before goes along: joins are kept one step deep.
	if _, err := store.Exec(ctx, tx, `update report_thread set joined_into = ? where joined_into = ?`, other.ID, t.ID); err != nil {
		return fmt.Errorf("joining cases: %w", err)
	}
	t.JoinedInto = other.ID
	if err := s.StepTx(ctx, tx, &t, Join, ""); err != nil {
		return err
	}
	if _, err := s.duty.CancelTx(ctx, tx, duty.Which{ThreadID: t.ID}, "已并入另一案件"); err != nil {
		return err
	}
	if t.Locked && !other.Locked || t.Urgent && !other.Urgent {
		if _, err := store.Exec(ctx, tx, `update report_thread set locked = ?, urgent = ?, version = version + 1 where id = ?`, t.Locked || other.Locked, t.Urgent || other.Urgent, other.ID); err != nil {
			return fmt.Errorf("raising the case: %w", err)
		}
	}
	names, err := authz.NamedIn(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	for _, u := range names {
		if err := authz.NameTx(ctx, tx, other.ID, u, actorID(ctx), s.clock.Now()); err != nil {
			return err
		}
	}
	owed := other.Opening(ruleAnswer, "", "并入的案件有报告待告知")
	if len(waiting) > 0 {
		owed = other.Opening(ruleAccept, "", "并入的案件有报告待受理")
	}
	owed.Post = other.Police()
	for i := range waiting {
		if waiting[i].State == Declined {
			if err := s.move(ctx, tx, t, &waiting[i], Return); err != nil {
				return err
			}
		}
	}
	if _, err := s.duty.OpenTx(ctx, tx, owed); err != nil {
		return err
	}
	return s.journal.Record(ctx, tx, "thread.joined", other.Entry("thread", t.ID, t.Number))
}

// Admit names one more person in a locked case; only who is named may.
func (s *Service) Admit(ctx context.Context, id, user, reason string) error {
	if len([]rune(strings.TrimSpace(reason))) < 4 {
		return fault.NewInvalid("thread.admit", "请写明为什么需要这个人参与。").At("reason", "请写明理由")
	}
	return s.do(ctx, "thread.change", id, func(tx *store.Tx, t *Thread) error {
		if !t.Locked {
			return fault.NewConflict("thread.unlocked", "这个案件没有限阅，不需要加入名单。")
		}
		if err := s.rules.Check(ctx, tx, "thread.locked", authz.Subject{Kind: "thread", ID: t.ID, Person: t.ID, Locked: t.ID}); err != nil {
			return errLocked
		}
		role, found, err := store.Maybe[string](ctx, tx, `
			select g.role from account_grant g join account_user u on u.id = g.user_id
			 where g.user_id = ? and g.ended_at is null and u.disabled_at is null
			 order by g.role limit 1`, user)
		if err != nil {
			return fmt.Errorf("reading the person's post: %w", err)
		}
		if info, _ := authz.Info(authz.Role(role)); !found || !slices.Contains(info.Sees, authz.SeeCase) {
			return fault.NewInvalid("thread.admit", "这个人的岗位不参与案件办理，请重新选择。").At("user_id", "请选择")
		}
		if err := authz.NameTx(ctx, tx, t.ID, user, actorID(ctx), s.clock.Now()); err != nil {
			return err
		}
		if err := s.notify.TellUserTx(ctx, tx, user, "admit:"+t.ID, "有限阅案件需要您参与办理。", "/threads/"+t.ID, true); err != nil {
			return err
		}
		return s.journal.Record(ctx, tx, "thread.admitted", t.Entry("user", user, ""))
	})
}
