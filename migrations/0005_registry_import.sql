-- +goose Up

-- A roster brought in by an office. What its rows say lies sealed under the
-- import's own key; in clear only where a row stands, what became of it and
-- why, its place, and blind indexes.
create table registry_import_transition (
    prior_state text not null,
    state       text not null,
    constraint registry_import_transition_key primary key (prior_state, state)
);
insert into registry_import_transition (prior_state, state) values
    ('', 'received'),
    ('received', 'read'), ('received', 'failed'), ('received', 'undone'),
    ('read', 'checking'), ('read', 'failed'), ('read', 'undone'),
    ('checking', 'checking'), ('checking', 'checked'), ('checking', 'failed'), ('checking', 'undone'),
    ('checked', 'checking'), ('checked', 'posting'), ('checked', 'undone'),
    ('posting', 'posted'), ('posting', 'failed'),
    ('failed', 'undone'),
    ('posted', 'undoing'),
    ('undoing', 'posted'), ('undoing', 'undone');

create table registry_import (
    id           text not null,
    county       {{code}} not null,
    region       {{code}} not null,
    role         text not null,
    author_id    text not null,
    author       text not null,
    file_name    text not null,
    content      {{bytes}} not null,
    size         integer not null,
    prior_state  text not null,
    state        text not null,
    moved_at     {{time}} not null,
    received_at  {{time}} not null,
    posted_at    {{time}} null,
    round        integer not null default 1,
    total        integer not null default 0,
    done         integer not null default 0,
    entered      integer not null default 0,
    accepted     integer not null default 0,
    held         integer not null default 0,
    rejected     integer not null default 0,
    duplicates   integer not null default 0,
    reason       text not null default '',
    sealed       {{bytes}} null,
    erased_at    {{time}} null,
    version      integer not null default 1,
    constraint registry_import_key primary key (id),
    constraint import_moves_as_allowed foreign key (prior_state, state) references registry_import_transition (prior_state, state),
    constraint posted_import_has_its_moment check (state <> 'posted' or posted_at is not null),
    constraint failed_import_says_why check (state <> 'failed' or reason <> '')
);
create unique index same_file_is_imported_once on registry_import (region, content) where state not in ('undone', 'failed');
create index registry_import_region on registry_import (region, received_at, id);

create table registry_import_row (
    import_id      text not null,
    seq            integer not null,
    sheet          integer not null,
    number         integer not null,
    outcome        text not null,
    duplicate      {{flag}} not null default 0,
    codes          text not null default '',
    region         {{code}} not null,
    decider        {{code}} not null,
    identity_index {{bytes}} null,
    place_index    {{bytes}} null,
    into_seq       integer null,
    child_id       text null,
    settled        text not null default '',
    settled_by     text not null default '',
    settled_at     {{time}} null,
    origin_import  text null,
    origin_seq     integer null,
    sealed         {{bytes}} not null,
    version        integer not null default 1,
    constraint registry_import_row_key primary key (import_id, seq),
    constraint row_is_of_an_import foreign key (import_id) references registry_import (id),
    constraint row_outcome_is_known check (outcome in ('accepted', 'held', 'rejected')),
    constraint row_is_settled_in_a_known_way check (settled in ('', 'ready', 'entered', 'known', 'merged', 'rejected')),
    constraint settled_row_has_its_moment check ((settled = '') = (settled_at is null))
);
create index registry_import_row_list on registry_import_row (import_id, outcome, seq);
create index registry_import_row_into on registry_import_row (import_id, into_seq) where into_seq is not null;
create index registry_import_row_place on registry_import_row (place_index) where place_index is not null;
create index registry_import_row_region on registry_import_row (region, import_id) where outcome = 'held';
create index registry_import_row_todo on registry_import_row (import_id, seq) where outcome = 'accepted' and settled in ('', 'ready');

-- Which groups of likely records a child on file belongs to. The keys are
-- keyed digests.
create table registry_block (
    key       {{bytes}} not null,
    child_id  text not null,
    region    {{code}} not null,
    constraint registry_block_key primary key (key, child_id),
    constraint block_is_of_a_child foreign key (child_id) references registry_child (id)
);
create index registry_block_child on registry_block (child_id);

-- What people settled once and the next roster need not ask again: which place
-- a county's offices mean by a name, and which column holds what under headers
-- seen before.
create table registry_place_name (
    county      {{code}} not null,
    text_index  {{bytes}} not null,
    code        {{code}} not null,
    decided_by  text not null,
    decided_at  {{time}} not null,
    constraint registry_place_name_key primary key (county, text_index)
);
create table registry_mapping (
    county      {{code}} not null,
    fingerprint text not null,
    mapping     text not null,
    decided_by  text not null,
    decided_at  {{time}} not null,
    constraint registry_mapping_key primary key (county, fingerprint)
);
