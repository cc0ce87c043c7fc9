-- Replies to a message, and words in a thread, look for the result that is shown there.
create index jobs_by_place on jobs (platform, (reply_to->>'channel'), created_at desc) where state in ('drawn', 'delivered');
