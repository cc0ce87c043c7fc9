import { lockFolder } from '../../src/store/folder-lock.ts';

// Takes the lock on the folder it is told, says so, and stays until it is killed.
await lockFolder(process.argv[2] ?? '');
process.stdout.write('locked\n');
setInterval(() => undefined, 60_000);
