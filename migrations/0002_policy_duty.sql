-- +goose Up

-- The county's own numbers, each with who decided and from when.
create table policy_value (
    id            text not null,
    county        {{code}} not null,
    key           text not null,
    value         integer not null,
    source        text not null,
    effective_on  text not null,
    decided_by    text not null,
    decided_at    {{time}} not null,
    constraint policy_value_key primary key (id)
);
create index policy_value_county on policy_value (county, key, effective_on);

-- The duty ledger: who owes what, for whom, under which clause, until when,
-- and the record that discharged it.
create table duty_transition (
    prior_state text not null,
    state       text not null,
    constraint duty_transition_key primary key (prior_state, state)
);
insert into duty_transition (prior_state, state) values
    ('', 'open'),
    ('open', 'open'),
    ('open', 'discharged'),
    ('open', 'cancelled');

create table duty_duty (
    id              text not null,
    rule            text not null,
    clause          text not null,
    pack            text not null,
    child_id        text null,
    subject_kind    text not null,
    subject_id      text not null,
    region          {{code}} not null,
    bearer_role     text not null,
    bearer_region   {{code}} not null,
    bearer_user     text not null default '',
    family_bearer   text not null default '',
    level           integer not null default 0,
    name            text not null,
    reason          text not null default '',
    urgent          {{flag}} not null default 0,
    opened_at       {{time}} not null,
    due_on          text not null,
    late            {{flag}} not null default 0,
    next_at         {{time}} null,
    prior_state     text not null,
    state           text not null,
    moved_at        {{time}} not null,
    closed_at       {{time}} null,
    evidence_kind   text not null default '',
    evidence_id     text not null default '',
    version         integer not null default 1,
    constraint duty_duty_key primary key (id),
    constraint duty_moves_as_allowed foreign key (prior_state, state) references duty_transition (prior_state, state),
    constraint closed_duty_has_its_moment check ((state = 'open') = (closed_at is null)),
    constraint discharged_duty_names_its_evidence check ((state = 'discharged') = (evidence_id <> '')),
    constraint open_duty_has_a_clock check (state <> 'open' or next_at is not null)
);
create unique index duty_is_open_once on duty_duty (name) where state = 'open';
create index duty_duty_bearer on duty_duty (bearer_role, bearer_region, due_on, id) where state = 'open';
create index duty_duty_region on duty_duty (region, due_on, id) where state = 'open';
create index duty_duty_clause on duty_duty (clause, region, due_on, id);
create index duty_duty_child on duty_duty (child_id) where child_id is not null;
create index duty_duty_clock on duty_duty (next_at) where state = 'open';
