import { ownPartOf, type RequestTimes } from './one-request.ts';
import { inMs, inPercent, median, renderTable } from './table.ts';

/** One request behind Triton, with what Triton says of it. */
export interface TritonRequestTimes extends RequestTimes {
  /** From the request's arrival in Triton to the end of its last answer, by Triton's own statistics. */
  readonly inTritonMs: number;
  /** Of a call that asks for nothing, there and back. */
  readonly roundTripMs: number;
}

type Measure = (times: TritonRequestTimes) => number;

const whole: Measure = ({ asked, posted }) => posted - asked;
const engine: Measure = ({ begun, drawn }) => drawn - begun;
const tritonsPart: Measure = ({ inTritonMs, timings }) => Math.max(0, inTritonMs - timings.totalMs);
// A request is a few hundred bytes: it takes as long as one that asks for nothing.
const transferIn: Measure = ({ roundTripMs }) => roundTripMs / 2;
// Clocks of two processes are never compared: what is left of the bot's wait is the way back.
const transferOut: Measure = (times) => Math.max(0, engine(times) - times.inTritonMs - transferIn(times));

const parts: readonly (readonly [string, Measure])[] = [
  ['queue: asked until drawing begins', ({ asked, begun }) => begun - asked],
  ['transfer in', transferIn],
  ['Triton: its queue and overhead', tritonsPart],
  ['drawing: text encoder', ({ timings }) => timings.textEncoderMs],
  ['drawing: loop', ({ timings }) => timings.loopMs],
  ['drawing: decoder', ({ timings }) => timings.decoderMs],
  ['transfer out', transferOut],
  ['PNG encoding', ({ drawn, encoded }) => encoded - drawn],
  ['storing: files and row', ({ encoded, stored }) => stored - encoded],
  ['post: until the page has its pictures', ({ stored, posted }) => posted - stored],
  ['**whole**', whole],
  ['**the bot’s own part**', ownPartOf],
  ['**Triton’s part**', tritonsPart],
];

/** The medians over all requests, each with its share of the whole. */
export function renderBreakdown(requests: readonly TritonRequestTimes[]): string {
  const rows = parts.map(([name, measure]) => {
    const share = median(requests.map((times) => measure(times) / whole(times)));
    return [name, inMs(median(requests.map(measure))), inPercent(share)];
  });
  return renderTable([['part', 'median', 'share'], ...rows]);
}
