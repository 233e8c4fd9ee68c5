-- +goose Up

-- A home visit. What was found and said is sealed under the child's key.
create table visit_visit (
    id           text not null,
    child_id     text not null,
    region       {{code}} not null,
    visited_on   text not null,
    outcome      text not null,
    absence      text not null default '',
    visitor_id   text not null default '',
    visitor      text not null,
    visitor_role text not null,
    entered_by   text not null,
    entered_at   {{time}} not null,
    next_on      text not null default '',
    sealed       {{bytes}} not null,
    spec         text not null,
    corrects     text null,
    corrected_by text null,
    constraint visit_visit_key primary key (id),
    constraint visit_is_to_a_child foreign key (child_id) references registry_child (id),
    constraint correction_is_of_a_visit foreign key (corrects) references visit_visit (id),
    constraint visit_outcome_is_known check (outcome in ('met', 'not_met')),
    constraint only_a_failed_visit_has_a_reason check ((outcome = 'not_met') = (absence <> ''))
);
create index visit_visit_child on visit_visit (child_id, visited_on, id);
create index visit_visit_region on visit_visit (region, visited_on, id);
create unique index visit_is_corrected_once on visit_visit (corrects) where corrects is not null;

create table visit_photo (
    id         text not null,
    visit_id   text not null,
    child_id   text not null,
    region     {{code}} not null,
    digest     text not null,
    width      integer not null,
    height     integer not null,
    note       text not null default '',
    added_by   text not null,
    added_at   {{time}} not null,
    constraint visit_photo_key primary key (id),
    constraint photo_is_of_a_visit foreign key (visit_id) references visit_visit (id)
);
create index visit_photo_visit on visit_photo (visit_id);
