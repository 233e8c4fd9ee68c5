-- +goose Up

-- How a case came in: by the public page's narrow lane (slow), or as one of many
-- at once that are set apart (surge).
alter table report_thread add column lane text not null default '';
create index report_thread_lane on report_thread (opened_at, region) where lane <> '';
