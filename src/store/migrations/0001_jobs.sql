-- The row of a job is its place in the queue. Times are milliseconds since 1970, taken from the processes' clocks.
create table jobs (
  id uuid primary key,
  owner text not null,
  idempotency_key text not null,
  platform text not null,
  state text not null check (state in ('queued', 'drawing', 'drawn', 'delivered', 'cancelled', 'failed')),
  request jsonb not null,
  requester jsonb not null,
  reply_to jsonb not null,
  created_at bigint not null,
  position bigint generated always as identity,
  attempt integer not null default 0,
  -- How often the engine failed in the middle of it, and how often the process did.
  setbacks integer not null default 0,
  interruptions integer not null default 0,
  not_before bigint not null default 0,
  lease_until bigint not null default 0,
  started_at bigint,
  drawing jsonb,
  drawn_at bigint,
  delivered_at bigint,
  message text,
  failure jsonb,
  ended_at bigint,
  telling text not null default 'no' check (telling in ('no', 'due', 'told', 'undeliverable')),
  telling_attempt integer not null default 0,
  telling_not_before bigint not null default 0,
  telling_lease_until bigint not null default 0,
  -- By owner: a key that leaks or is guessed opens nobody else's job.
  unique (owner, idempotency_key)
);

create index jobs_waiting on jobs (position) where state = 'queued';
create index jobs_under_way on jobs (lease_until) where state = 'drawing';
create index jobs_to_tell on jobs (platform, telling_not_before) where telling = 'due';
create index jobs_of_owner on jobs (owner, created_at desc);
create index jobs_by_age on jobs (created_at) where state not in ('queued', 'drawing');

create sequence turn_numbers;

create table turns (
  owner text primary key,
  turn bigint not null default nextval('turn_numbers')
);

-- Pictures asked for in the last 24 hours, under a hash of the owner: outlives the job's row, not the day.
create table quota_uses (
  job uuid primary key,
  quota_key text not null,
  pictures integer not null,
  used_at bigint not null
);

create index quota_uses_of_key on quota_uses (quota_key, used_at);
create index quota_uses_by_age on quota_uses (used_at);

create table uploads (
  key text primary key,
  owner text not null,
  used_at bigint not null
);

create index uploads_of_owner on uploads (owner);
create index uploads_by_age on uploads (used_at);

create table user_settings (
  owner text primary key,
  settings jsonb not null
);

create table estimates (
  kind text primary key,
  fixed_ms double precision not null,
  step_ms double precision not null,
  samples bigint not null
);

create table counters (
  name text primary key,
  value bigint not null
);
