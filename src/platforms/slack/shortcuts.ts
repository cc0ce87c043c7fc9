/** What stands in Slack's menus; the names are shown to people and may have 24 characters. */
export const shortcuts = {
  draw: {
    id: 'quartet_draw',
    type: 'global',
    name: 'Draw a picture',
    description: 'Asks what to draw, and where the pictures go',
  },
  drawThis: {
    id: 'quartet_draw_this',
    type: 'message',
    name: 'Draw this',
    description: 'Draws what the message says, and answers in its thread',
  },
} as const;
