-- +goose Up

-- The results of writes that were sent with an idempotency key: a second
-- delivery of the same request is answered from here and changes nothing.
create table store_once (
    key         text not null,
    request     {{bytes}} not null,
    result      text not null,
    at          {{time}} not null,
    constraint store_once_key primary key (key)
);

-- Administrative regions (行政区划) with their history: a code that ends keeps
-- its row and names its successor.
create table region_region (
    code        {{code}} not null,
    name        text not null,
    level       integer not null,
    parent      {{code}} not null,
    valid_from  text not null default '',
    valid_to    text not null default '',
    successor   {{code}} not null default '',
    constraint region_region_key primary key (code),
    constraint region_code_has_twelve_digits check (length(code) = 12)
);
create index region_region_parent on region_region (parent);

-- Organisations, people, and which post each person holds.
create table account_organisation (
    id          text not null,
    kind        text not null,
    name        text not null,
    region      {{code}} not null,
    parent_id   text null,
    telephone   text not null default '',
    created_at  {{time}} not null,
    ended_on    text not null default '',
    constraint account_organisation_key primary key (id),
    constraint organisation_parent_exists foreign key (parent_id) references account_organisation (id)
);
create index account_organisation_region on account_organisation (region, kind);

create table account_user (
    id             text not null,
    username       text not null,
    name           text not null,
    initials       text not null default '',
    password       text not null,
    must_change    {{flag}} not null default 0,
    activation     {{bytes}} null,
    activation_until {{time}} null,
    draft_key      {{bytes}} not null,
    created_at     {{time}} not null,
    disabled_at    {{time}} null,
    version        integer not null default 1,
    constraint account_user_key primary key (id),
    constraint username_is_taken_once unique (username)
);

create table account_grant (
    id              text not null,
    user_id         text not null,
    role            text not null,
    organisation_id text not null,
    region          {{code}} not null,
    from_on         text not null,
    until_on        text not null default '',
    granted_by      text not null,
    granted_at      {{time}} not null,
    ended_at        {{time}} null,
    ended_by        text not null default '',
    constraint account_grant_key primary key (id),
    constraint grant_is_for_a_user foreign key (user_id) references account_user (id),
    constraint grant_is_at_an_organisation foreign key (organisation_id) references account_organisation (id),
    constraint ended_grant_names_who_ended_it check ((ended_at is null) = (ended_by = ''))
);
create index account_grant_user on account_grant (user_id);
create index account_grant_post on account_grant (role, region);

create table account_session (
    token       {{bytes}} not null,
    user_id     text not null,
    created_at  {{time}} not null,
    seen_at     {{time}} not null,
    expires_at  {{time}} not null,
    ended_at    {{time}} null,
    constraint account_session_key primary key (token),
    constraint session_is_of_a_user foreign key (user_id) references account_user (id)
);
create index account_session_user on account_session (user_id);

-- Whom an organisation looks after wherever they live: a school's pupils, an
-- agency's clients.
create table authz_roll (
    organisation_id text not null,
    subject_id      text not null,
    since_on        text not null,
    until_on        text not null default '',
    constraint authz_roll_key primary key (organisation_id, subject_id)
);
create index authz_roll_subject on authz_roll (subject_id);

-- A data key per person, wrapped by the installation's key. Destroying the row
-- erases every sealed value of that person, everywhere.
create table crypto_key (
    owner_id     text not null,
    wrapped      {{bytes}} null,
    created_at   {{time}} not null,
    destroyed_at {{time}} null,
    constraint crypto_key_key primary key (owner_id),
    constraint destroyed_key_is_gone check ((wrapped is null) = (destroyed_at is not null))
);

-- The journal: one line for each change, in the change's own transaction, and
-- for each look at a person's record, each refusal, each sign-in.
create table journal_line (
    id          {{key}},
    at          {{time}} not null,
    author_id   text not null,
    author      text not null,
    action      text not null,
    purpose     text not null default '',
    duty_id     text not null default '',
    kind        text not null default '',
    record_id   text not null default '',
    subject_id  text not null default '',
    region      {{code}} not null default '',
    outcome     text not null,
    detail      text not null default '',
    seal        integer null,
    constraint outcome_is_done_read_or_denied check (outcome in ('done', 'read', 'denied'))
);
create index journal_line_subject on journal_line (subject_id, id);
create index journal_line_record on journal_line (record_id, id);
create index journal_line_author on journal_line (author_id, id);
create index journal_line_unsealed on journal_line (id) where seal is null;
create unique index journal_line_seal on journal_line (substr(region, 1, 6), seal) where seal is not null;

create table journal_hash (
    county      {{code}} not null,
    place       integer not null,
    hash        {{bytes}} not null,
    constraint journal_hash_key primary key (county, place)
);

create table journal_checkpoint (
    county      {{code}} not null,
    size        integer not null,
    root        {{bytes}} not null,
    at          {{time}} not null,
    constraint journal_checkpoint_key primary key (county, size)
);

create table jobs_job (
    id          {{key}},
    kind        text not null,
    args        text not null,
    once        text not null,
    run_at      {{time}} not null,
    leased_until {{time}} null,
    attempt     integer not null default 0,
    state       text not null default 'waiting',
    error       text not null default '',
    created_at  {{time}} not null,
    constraint job_is_asked_for_once unique (once),
    constraint job_state_is_known check (state in ('waiting', 'done', 'failed'))
);
create index jobs_job_due on jobs_job (run_at) where state = 'waiting';

create table notify_notice (
    id          text not null,
    user_id     text not null,
    at          {{time}} not null,
    text        text not null,
    link        text not null default '',
    urgent      {{flag}} not null default 0,
    once        text not null,
    read_at     {{time}} null,
    constraint notify_notice_key primary key (id),
    constraint notice_is_sent_once unique (user_id, once)
);
create index notify_notice_user on notify_notice (user_id, at);

-- Figures are kept as changes in the transaction that causes them and folded
-- in the background: exact, without a row that everybody waits for.
create table tally_count (
    name        text not null,
    region      {{code}} not null,
    part        text not null,
    n           integer not null,
    constraint tally_count_key primary key (name, region, part)
);
create table tally_delta (
    id          {{key}},
    name        text not null,
    region      {{code}} not null,
    part        text not null,
    n           integer not null
);
create index tally_delta_name on tally_delta (name, region);
