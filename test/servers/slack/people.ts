import type { SlackUser, World } from './world.ts';

/** `& < >` as they travel in a message's text. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** What becomes of a text that somebody types: escaped, with `@name` and `#channel` made into mentions. */
export function typedText(world: World, team: string, text: string): string {
  return escapeText(text).replace(/(^|\s)([@#])([\w.-]+)/g, (whole, before: string, sign: string, name: string) => {
    if (sign === '@' && ['channel', 'here', 'everyone'].includes(name)) return `${before}<!${name}>`;
    const found =
      sign === '@'
        ? findUser(world, team, name)
        : [...world.channels.values()].find((channel) => channel.team === team && channel.name === name);
    return found === undefined ? whole : `${before}<${sign}${found.id}>`;
  });
}

function findUser(world: World, team: string, name: string): SlackUser | undefined {
  return [...world.users.values()].find((user) => user.team === team && user.name === name);
}
