-- +goose Up

-- A case of protection: one child, one thread from the first report to closure.
create table report_thread_transition (
    prior_state text not null,
    state       text not null,
    constraint report_thread_transition_key primary key (prior_state, state)
);
insert into report_thread_transition (prior_state, state) values
    ('', 'received'),
    ('received', 'responding'), ('received', 'closed'), ('received', 'joined'),
    ('responding', 'assessing'), ('responding', 'closed'), ('responding', 'joined'),
    ('assessing', 'assisting'), ('assessing', 'closed'), ('assessing', 'joined'),
    ('assisting', 'assessing'), ('assisting', 'closed'), ('assisting', 'joined'),
    ('closed', 'assessing'), ('closed', 'responding');

create table report_counter (
    county  {{code}} not null,
    kind    text not null,
    next    integer not null,
    constraint report_counter_key primary key (county, kind)
);

create table report_thread (
    id            text not null,
    number        text not null,
    child_id      text null,
    region        {{code}} not null,
    police_region {{code}} not null,
    police_unit   text not null default '',
    urgent        {{flag}} not null default 0,
    locked        {{flag}} not null default 0,
    prior_state   text not null,
    state         text not null,
    opened_at     {{time}} not null,
    moved_at      {{time}} not null,
    closed_at     {{time}} null,
    close_reason  text not null default '',
    joined_into   text null,
    version       integer not null default 1,
    constraint report_thread_key primary key (id),
    constraint thread_number_is_unique unique (number),
    constraint thread_is_of_a_child foreign key (child_id) references registry_child (id),
    constraint thread_moves_as_allowed foreign key (prior_state, state) references report_thread_transition (prior_state, state),
    constraint closed_thread_has_its_moment check ((state in ('closed', 'joined')) = (closed_at is not null)),
    constraint closed_thread_says_why check (state <> 'closed' or close_reason <> ''),
    constraint joined_thread_names_the_other check ((state = 'joined') = (joined_into is not null))
);
create index report_thread_region on report_thread (region, opened_at, id);
create index report_thread_state on report_thread (state, region, opened_at, id);
create index report_thread_child on report_thread (child_id) where child_id is not null;
create index report_thread_joined on report_thread (joined_into) where joined_into is not null;
-- A child has one open thread: a further report joins it.
create unique index child_has_one_open_thread on report_thread (child_id) where child_id is not null and closed_at is null;

create table report_transition (
    prior_state text not null,
    state       text not null,
    constraint report_transition_key primary key (prior_state, state)
);
insert into report_transition (prior_state, state) values
    ('', 'received'),
    ('received', 'received'), ('received', 'accepted'), ('received', 'declined'),
    ('declined', 'received'), ('declined', 'answered'),
    ('accepted', 'answered'), ('answered', 'answered');

-- A mandatory report. What it says is sealed under its thread's key; who sent
-- it lies apart, under a key of its own.
create table report_report (
    id              text not null,
    number          text not null,
    thread_id       text not null,
    region          {{code}} not null,
    organisation_id text not null default '',
    channel         text not null,
    ticket          text not null default '',
    situations      text not null,
    statutory       text not null,
    urgent          {{flag}} not null default 0,
    anonymous       {{flag}} not null default 0,
    discovered_at   {{time}} null,
    filed_at        {{time}} not null,
    filed_on        text not null,
    digest          text not null,
    sealed          {{bytes}} not null,
    likeness        {{bytes}} null,
    named           {{bytes}} null,
    prior_state     text not null,
    state           text not null,
    moved_at        {{time}} not null,
    accepted_at     {{time}} null,
    answered_at     {{time}} null,
    answer          {{bytes}} null,
    spec            text not null,
    version         integer not null default 1,
    constraint report_report_key primary key (id),
    constraint report_number_is_unique unique (number),
    constraint report_is_in_a_thread foreign key (thread_id) references report_thread (id),
    constraint report_moves_as_allowed foreign key (prior_state, state) references report_transition (prior_state, state),
    constraint accepted_report_has_its_moment check (state <> 'accepted' or accepted_at is not null),
    constraint answered_report_has_its_moment check ((state = 'answered') = (answered_at is not null)),
    constraint report_channel_is_known check (channel in ('public', 'child', 'desk', 'hotline', 'system', 'visit'))
);
create index report_report_thread on report_report (thread_id, filed_at, id);
create index report_report_region on report_report (region, filed_at, id);
create index report_report_organisation on report_report (organisation_id, filed_at, id) where organisation_id <> '';
create index report_report_likeness on report_report (likeness) where likeness is not null;
create index report_report_named on report_report (named) where named is not null;

-- Who reported: a compartment that names its readers.
create table report_reporter (
    report_id  text not null,
    user_id    text not null default '',
    sealed     {{bytes}} null,
    constraint report_reporter_key primary key (report_id),
    constraint reporter_is_of_a_report foreign key (report_id) references report_report (id)
);
create index report_reporter_user on report_reporter (user_id, report_id) where user_id <> '';

-- Files that came with a report or were added to the case as evidence.
create table report_file (
    id          text not null,
    thread_id   text not null,
    report_id   text null,
    region      {{code}} not null,
    kind        text not null,
    size        integer not null,
    digest      text not null,
    added_by    text not null,
    added_at    {{time}} not null,
    constraint report_file_key primary key (id),
    constraint file_is_of_a_thread foreign key (thread_id) references report_thread (id)
);
create index report_file_thread on report_file (thread_id, added_at);
create index report_file_report on report_file (report_id) where report_id is not null;

-- What those who handle a case wrote down, and when they look at it next.
create table report_note (
    id         text not null,
    thread_id  text not null,
    region     {{code}} not null,
    sealed     {{bytes}} not null,
    written_by text not null,
    written_at {{time}} not null,
    next_on    text not null default '',
    constraint report_note_key primary key (id),
    constraint note_is_of_a_thread foreign key (thread_id) references report_thread (id)
);
create index report_note_thread on report_note (thread_id, written_at);

-- Somebody knew and did not report.
create table report_omission_transition (
    prior_state text not null,
    state       text not null,
    constraint report_omission_transition_key primary key (prior_state, state)
);
insert into report_omission_transition (prior_state, state) values
    ('', 'found'), ('found', 'concluded');

create table report_omission (
    id              text not null,
    thread_id       text not null,
    region          {{code}} not null,
    organisation_id text not null,
    known_on        text not null,
    sealed          {{bytes}} not null,
    found_by        text not null,
    found_at        {{time}} not null,
    prior_state     text not null,
    state           text not null,
    outcome         text not null default '',
    decided_by      text not null default '',
    concluded_at    {{time}} null,
    version         integer not null default 1,
    constraint report_omission_key primary key (id),
    constraint omission_is_of_a_thread foreign key (thread_id) references report_thread (id),
    constraint omission_moves_as_allowed foreign key (prior_state, state) references report_omission_transition (prior_state, state),
    constraint concluded_omission_has_outcome check ((state = 'concluded') = (outcome <> '') and (state = 'concluded') = (concluded_at is not null))
);
create index report_omission_thread on report_omission (thread_id);

-- A reward to a reporter, who is not named in it.
create table report_award (
    id          text not null,
    report_id   text not null,
    thread_id   text not null,
    region      {{code}} not null,
    kind        text not null,
    amount      integer not null default 0,
    reason      text not null,
    decided_by  text not null,
    decided_on  text not null,
    constraint report_award_key primary key (id),
    constraint award_is_for_a_report foreign key (report_id) references report_report (id),
    constraint award_is_decided_once unique (report_id)
);

-- Keys by which a hospital's or school's own program signs what it sends. The
-- secret is derived from the installation's key and not kept.
create table report_agency (
    id              text not null,
    organisation_id text not null,
    region          {{code}} not null,
    made_by         text not null,
    made_at         {{time}} not null,
    ended_at        {{time}} null,
    constraint report_agency_key primary key (id)
);
create index report_agency_organisation on report_agency (organisation_id);
