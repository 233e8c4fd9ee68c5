-- +goose Up

-- The one page that shows a child to the public: while a search goes on.
create table emergency_poster (
    token       text not null,
    record_id   text not null,
    thread_id   text not null,
    region      {{code}} not null,
    until_at    {{time}} not null,
    recalled_at {{time}} null,
    constraint emergency_poster_key primary key (token),
    constraint poster_is_of_a_case foreign key (thread_id) references report_thread (id)
);
create index emergency_poster_thread on emergency_poster (thread_id);
