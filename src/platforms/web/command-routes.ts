import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { CommandServices, Reply } from '../../../commands/define-command.ts';
import { dispatch } from '../../../commands/index.ts';
import type { Job, Requester } from '../../jobs/job.ts';
import { messagesFor } from '../../messages/messages.ts';
import { readInvocation } from './invocation.ts';
import type { JobView } from './job-view.ts';
import { webLimits } from './limits.ts';
import { refuse } from './refusal.ts';
import { renderReply } from './reply-view.ts';
import { localeOf } from './viewer.ts';

export interface CommandRoutesOptions {
  readonly services: CommandServices;
  readonly maxUploadBytes: number;
  readonly view: (job: Job) => JobView;
  /** Called with each answer before it is sent, so that other open tabs learn of it. */
  readonly onReply: (requester: Requester, reply: Reply) => void;
  readonly isClosing: () => boolean;
}

/** `POST /api/commands`: everything that somebody types or presses. */
export function createCommandRoutes(options: CommandRoutesOptions): Hono {
  const routes = new Hono();
  const limits = {
    json: bodyLimit({
      maxSize: webLimits.maxJsonBytes,
      onError: (context) => refuse(context, 413, 'too_long', messagesFor(localeOf(context)).web.tooMuchText),
    }),
    form: bodyLimit({
      maxSize: options.maxUploadBytes * webLimits.maxFilesPerForm + webLimits.formOverheadBytes,
      onError: (context) =>
        refuse(
          context,
          413,
          'picture_too_large',
          messagesFor(localeOf(context)).web.pictureTooLarge(Math.floor(options.maxUploadBytes / 1_048_576)),
        ),
    }),
  };
  routes.post(
    '/api/commands',
    (context, next) => {
      const isForm = context.req.header('content-type')?.toLowerCase().startsWith('multipart/form-data') ?? false;
      return (isForm ? limits.form : limits.json)(context, next);
    },
    async (context) => {
      if (options.isClosing()) {
        return refuse(context, 503, 'shutting_down', messagesFor(localeOf(context)).web.restarting);
      }
      const invocation = await readInvocation(context);
      const reply = await dispatch(invocation, options.services);
      options.onReply(invocation.requester, reply);
      return context.json(renderReply(reply, options.view));
    },
  );
  return routes;
}
