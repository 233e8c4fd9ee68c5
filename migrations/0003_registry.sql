-- +goose Up

create table registry_family (
    id          text not null,
    region      {{code}} not null,
    created_at  {{time}} not null,
    constraint registry_family_key primary key (id)
);

create table registry_counter (
    county      {{code}} not null,
    next        integer not null,
    constraint registry_counter_key primary key (county)
);

-- One child, one file. Names and schools are in clear so that those in scope
-- can search; what identifies or exposes is sealed under the child's own key.
create table registry_child (
    id               text not null,
    number           text not null,
    family_id        text not null,
    region           {{code}} not null,
    household_region {{code}} not null default '',
    name             text not null,
    pinyin           text not null,
    initials         text not null,
    sex              integer not null,
    birth_on         text not null default '',
    ethnicity        text not null default '',
    identity         {{bytes}} null,
    identity_index   {{bytes}} null,
    identity_state   text not null,
    address          {{bytes}} null,
    telephone        {{bytes}} null,
    school           text not null default '',
    schooling        text not null default '',
    grade            text not null default '',
    state            text not null,
    registered_on    text not null,
    left_on          text not null default '',
    left_reason      text not null default '',
    support_level    integer not null,
    invented         {{flag}} not null default 0,
    import_id        text not null default '',
    created_at       {{time}} not null,
    updated_at       {{time}} not null,
    sealed_version   integer not null default 1,
    version          integer not null default 1,
    constraint registry_child_key primary key (id),
    constraint file_number_is_unique unique (number),
    constraint child_belongs_to_a_family foreign key (family_id) references registry_family (id),
    constraint child_state_is_known check (state in ('registered', 'left')),
    constraint left_child_has_day_and_reason check ((state = 'left') = (left_on <> '') and (state = 'left') = (left_reason <> '')),
    constraint sex_is_coded check (sex in (0, 1, 2, 9)),
    constraint identity_state_is_known check (identity_state in ('held', 'none', 'damaged')),
    constraint held_identity_is_sealed_and_indexed check ((identity_state = 'held') = (identity_index is not null))
);
create unique index one_file_per_identity_number on registry_child (identity_index) where identity_index is not null;
create index registry_child_list on registry_child (state, region, id);
create index registry_child_search on registry_child (region, name, initials, pinyin, id);
create index registry_child_birth on registry_child (birth_on, region);
create index registry_child_import on registry_child (import_id) where import_id <> '';
create index registry_child_family on registry_child (family_id);

-- Grown members of a family: parents, grandparents, carers.
create table registry_person (
    id             text not null,
    family_id      text not null,
    region         {{code}} not null,
    name           text not null,
    sex            integer not null default 0,
    birth_on       text not null default '',
    identity       {{bytes}} null,
    identity_index {{bytes}} null,
    telephone      {{bytes}} null,
    telephone_index {{bytes}} null,
    import_id      text not null default '',
    created_at     {{time}} not null,
    version        integer not null default 1,
    constraint registry_person_key primary key (id),
    constraint person_belongs_to_a_family foreign key (family_id) references registry_family (id)
);
create index registry_person_identity on registry_person (identity_index) where identity_index is not null;
create index registry_person_telephone on registry_person (telephone_index) where telephone_index is not null;
create index registry_person_family on registry_person (family_id);
create index registry_person_import on registry_person (import_id) where import_id <> '';

-- Who somebody is to a child, and since when: kinship (GB/T 4761), guardian,
-- entrusted carer.
create table registry_relation (
    id          text not null,
    child_id    text not null,
    person_id   text not null,
    region      {{code}} not null,
    kinship     text not null,
    guardian    {{flag}} not null default 0,
    carer       {{flag}} not null default 0,
    since_on    text not null default '',
    until_on    text not null default '',
    recorded_at {{time}} not null,
    constraint registry_relation_key primary key (id),
    constraint relation_is_to_a_child foreign key (child_id) references registry_child (id),
    constraint relation_is_of_a_person foreign key (person_id) references registry_person (id)
);
create index registry_relation_child on registry_relation (child_id);
create index registry_relation_person on registry_relation (person_id);

-- Dated facts with their source. An empty start means it was so when it became
-- known, since when is not known. A fact is never changed: it ends, or it is
-- withdrawn as having been wrong.
create table registry_fact (
    id           text not null,
    child_id     text not null,
    person_id    text null,
    region       {{code}} not null,
    about        text not null,
    kind         text not null,
    value        text not null default '',
    sealed       {{bytes}} null,
    place        {{code}} not null default '',
    place_text   text not null default '',
    start_on     text not null default '',
    known_on     text not null,
    end_on       text not null default '',
    source_kind  text not null,
    source_id    text not null default '',
    recorded_by  text not null,
    recorded_at  {{time}} not null,
    withdrawn_at {{time}} null,
    constraint registry_fact_key primary key (id),
    constraint fact_is_about_someone_known check (about in ('child', 'father', 'mother', 'carer')),
    constraint fact_is_of_a_child foreign key (child_id) references registry_child (id),
    constraint fact_ends_after_it_starts check (end_on = '' or start_on = '' or end_on >= start_on)
);
create index registry_fact_child on registry_fact (child_id, kind);
create index registry_fact_source on registry_fact (source_id) where source_id <> '';

-- The verdict under each definition, as last computed: yes, no, or cannot tell
-- and which fact is missing.
create table registry_status (
    child_id    text not null,
    definition  text not null,
    region      {{code}} not null,
    verdict     text not null,
    missing     text not null default '',
    since_on    text not null,
    next_on     text not null default '',
    constraint registry_status_key primary key (child_id, definition),
    constraint status_is_of_a_child foreign key (child_id) references registry_child (id),
    constraint verdict_is_known check (verdict in ('yes', 'no', 'unknown'))
);
create index registry_status_list on registry_status (definition, verdict, region, child_id);
create index registry_status_next on registry_status (next_on) where next_on <> '';

-- The history of every field, sealed under the child's key.
create table registry_history (
    id          text not null,
    child_id    text not null,
    at          {{time}} not null,
    author_id   text not null,
    author      text not null,
    source      text not null,
    sealed      {{bytes}} not null,
    constraint registry_history_key primary key (id),
    constraint history_is_of_a_child foreign key (child_id) references registry_child (id)
);
create index registry_history_child on registry_history (child_id, id);

create table registry_move_transition (
    prior_state text not null,
    state       text not null,
    constraint registry_move_transition_key primary key (prior_state, state)
);
insert into registry_move_transition (prior_state, state) values
    ('', 'offered'), ('offered', 'accepted'), ('offered', 'refused'), ('offered', 'withdrawn');

create table registry_move (
    id          text not null,
    child_id    text not null,
    region      {{code}} not null,
    from_region {{code}} not null,
    reason      text not null,
    prior_state text not null,
    state       text not null,
    offered_by  text not null,
    offered_at  {{time}} not null,
    moved_at    {{time}} not null,
    decided_by  text not null default '',
    version     integer not null default 1,
    constraint registry_move_key primary key (id),
    constraint move_is_of_a_child foreign key (child_id) references registry_child (id),
    constraint move_moves_as_allowed foreign key (prior_state, state) references registry_move_transition (prior_state, state)
);
create unique index child_moves_once_at_a_time on registry_move (child_id) where state = 'offered';
create index registry_move_region on registry_move (region, state);
