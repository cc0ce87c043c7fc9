import { assistantMethods } from './assistant.ts';
import { chatMethods } from './chat.ts';
import { conversationMethods } from './conversations.ts';
import { fileMethods } from './files.ts';
import type { Method } from './method.ts';
import { peopleMethods } from './people.ts';
import { viewMethods } from './views.ts';

/** Every method that a bot's token may call here. */
export const methods: ReadonlyMap<string, Method> = new Map(
  Object.entries<Method>({
    ...assistantMethods,
    ...chatMethods,
    ...conversationMethods,
    ...fileMethods,
    ...peopleMethods,
    ...viewMethods,
  }),
);
