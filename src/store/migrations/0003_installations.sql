-- Workspaces whose people installed the bot themselves. The token is sealed: the key is not in the database.
create table installations (
  platform text not null,
  workspace text not null,
  sealed text not null,
  installed_at timestamptz not null default now(),
  primary key (platform, workspace)
);
