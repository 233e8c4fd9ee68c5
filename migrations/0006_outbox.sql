-- +goose Up

-- What is to leave the house: notices that also go out by a gateway. A row
-- holds no words; outcome is empty while it is still to be sent.
create table notify_outbox (
    notice_id    text not null,
    urgent       {{flag}} not null,
    created_at   {{time}} not null,
    next_at      {{time}} not null,
    leased_until {{time}} null,
    attempt      integer not null default 0,
    outcome      text not null default '',
    done_at      {{time}} null,
    escalated_at {{time}} null,
    constraint notify_outbox_key primary key (notice_id),
    constraint message_is_of_a_notice foreign key (notice_id) references notify_notice (id),
    constraint outcome_is_known check (outcome in ('', 'sent', 'read', 'refused', 'expired')),
    constraint outcome_has_its_moment check ((outcome = '') = (done_at is null))
);
create index notify_outbox_due on notify_outbox (urgent, next_at) where outcome = '';
create index notify_outbox_unreached on notify_outbox (created_at) where urgent = 1 and escalated_at is null and outcome in ('', 'refused');
