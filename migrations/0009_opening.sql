-- +goose Up

-- A place in a compartment may end by itself.
alter table authz_named add column until_at {{time}} null;

-- A child's file opened in an emergency by somebody out of whose reach it is:
-- at once, for hours, with a reason, and looked at by another person after.
create table registry_opening (
    id          text not null,
    child_id    text not null,
    region      {{code}} not null,
    user_id     text not null,
    user_name   text not null,
    role        text not null,
    sealed      {{bytes}} not null,
    opened_at   {{time}} not null,
    until_at    {{time}} not null,
    verdict     text not null default '',
    reviewed_by text not null default '',
    reviewed_at {{time}} null,
    constraint registry_opening_key primary key (id),
    constraint opening_is_of_a_child foreign key (child_id) references registry_child (id),
    constraint opening_verdict_is_known check (verdict in ('', 'justified', 'unjustified')),
    constraint nobody_reviews_their_own check (verdict = '' or (reviewed_by <> '' and reviewed_by <> user_id and reviewed_at is not null))
);
create index registry_opening_region on registry_opening (region, opened_at, id);
create index registry_opening_user on registry_opening (user_id, opened_at);
