-- +goose Up

-- How a ground stood when it was considered: whether the records of the case
-- showed every element of it on that day.
create table guardianship_finding (
    id        text not null,
    thread_id text not null,
    record_id text not null,
    ground    text not null,
    shown     {{flag}} not null,
    region    {{code}} not null,
    found_on  text not null,
    constraint guardianship_finding_key primary key (id),
    constraint finding_is_of_a_case foreign key (thread_id) references report_thread (id),
    constraint a_ground_is_found_once unique (record_id, ground)
);
create index guardianship_finding_ground on guardianship_finding (ground, region, found_on, id);
