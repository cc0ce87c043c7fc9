import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import type { SlackFile } from './world.ts';

const signatures = [
  { type: 'png', mimetype: 'image/png', starts: [0x89, 0x50, 0x4e, 0x47] },
  { type: 'jpg', mimetype: 'image/jpeg', starts: [0xff, 0xd8, 0xff] },
  { type: 'gif', mimetype: 'image/gif', starts: [0x47, 0x49, 0x46] },
  { type: 'webp', mimetype: 'image/webp', starts: [0x52, 0x49, 0x46, 0x46] },
] as const;

/** The type that the platform finds by looking at the bytes. */
function typeOf(bytes: Uint8Array | null): { type: string; mimetype: string } {
  const known = signatures.find(({ starts }) => starts.every((byte, at) => bytes?.[at] === byte));
  return known ?? { type: 'text', mimetype: 'text/plain' };
}

/** A file as the Web API and events show it. */
export function toFileJson(platform: Platform, file: SlackFile): Json {
  const { world, baseUrl } = platform;
  if (file.state === 'deleted') return { id: file.id, mode: 'tombstone' };
  // Its type is found out in the background, like its shares: until then both are empty.
  const processed = file.shares.length > 0;
  const { type, mimetype } = processed ? typeOf(file.bytes) : { type: '', mimetype: '' };
  const shared = file.shares.map((share) => ({ share, channel: world.channels.get(share.channel) }));
  const idsOf = (kinds: readonly string[]): string[] =>
    shared.filter(({ channel }) => kinds.includes(channel?.kind ?? '')).map(({ share }) => share.channel);
  const sharesOf = (kinds: readonly string[]): Json | undefined => {
    const entries = shared
      .filter(({ channel }) => kinds.includes(channel?.kind ?? ''))
      .map(({ share, channel }) => [
        share.channel,
        [
          {
            ts: share.ts,
            channel_name: channel?.name,
            team_id: file.team,
            share_user_id: file.user,
            reply_count: 0,
            ...(share.threadTs === null ? {} : { thread_ts: share.threadTs }),
          },
        ],
      ]);
    return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Json);
  };
  const url = `${baseUrl}/files-pri/${file.team}-${file.id}`;
  const name = encodeURIComponent(file.name.toLowerCase().replaceAll(' ', '_'));
  return {
    id: file.id,
    created: Math.floor(file.createdMs / 1000),
    timestamp: Math.floor(file.createdMs / 1000),
    name: file.name,
    title: file.title,
    mimetype,
    filetype: type,
    pretty_type: type.toUpperCase(),
    user: file.user,
    user_team: file.team,
    editable: false,
    size: file.length,
    mode: 'hosted',
    is_external: false,
    external_type: '',
    is_public: idsOf(['public']).length > 0,
    public_url_shared: false,
    display_as_bot: false,
    url_private: `${url}/${name}`,
    url_private_download: `${url}/download/${name}`,
    permalink: `${baseUrl}/files/${file.user}/${file.id}/${name}`,
    ...(file.altText === null ? {} : { alt_txt: file.altText }),
    channels: idsOf(['public']),
    groups: idsOf(['private', 'mpim']),
    ims: idsOf(['im']),
    shares: { public: sharesOf(['public']), private: sharesOf(['private', 'im', 'mpim']) },
    comments_count: 0,
    has_more_shares: false,
    file_access: 'visible',
  };
}
