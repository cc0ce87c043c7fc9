import type { Cdn } from './cdn.ts';
import type { ServerClock } from './clock.ts';
import type { CommandBook } from './command-book.ts';
import type { Gateway } from './gateway.ts';
import type { Interaction } from './interaction.ts';
import type { Nonces } from './nonces.ts';
import type { User, World } from './world.ts';

/** What belongs to the bot. */
export interface Application {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly bot: User;
  /** Privileged intents that are switched on in the developer portal. */
  readonly privilegedIntents: number;
}

/** The whole place: what its parts share. */
export interface Platform {
  readonly clock: ServerClock;
  readonly world: World;
  readonly application: Application;
  readonly commands: CommandBook;
  readonly interactions: Map<string, Interaction>;
  readonly gateway: Gateway;
  readonly cdn: Cdn;
  readonly nonces: Nonces;
  nextId(): string;
  /** Something is different: whoever waits looks again. */
  changed(): void;
  /** Called at each change until the returned function is called. */
  onChange(listener: () => void): () => void;
  readonly limits: {
    /** Edits of a message older than an hour, within an hour. */
    readonly oldEdits: number;
    readonly commandCreatesPerDay: number;
    /** Largest file in a message of the bot; boosts raise it. */
    readonly fileBytes: number;
  };
}
