-- +goose Up

-- Clocks that run by the hour, duties that one unit owes, duties of a case.
alter table duty_duty add column thread_id text null;
alter table duty_duty add column organisation_id text not null default '';
alter table duty_duty add column due_at {{time}} null;
alter table duty_duty add column confined {{flag}} not null default 0;
create index duty_duty_thread on duty_duty (thread_id) where thread_id is not null;
create index duty_duty_organisation on duty_duty (organisation_id, due_on, id) where state = 'open' and organisation_id <> '';

-- Compartments: who may read what lies in one, by name.
create table authz_named (
    subject_id text not null,
    user_id    text not null,
    named_by   text not null,
    named_at   {{time}} not null,
    ended_at   {{time}} null,
    constraint authz_named_key primary key (subject_id, user_id)
);
create index authz_named_user on authz_named (user_id);
