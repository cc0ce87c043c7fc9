import { describe, expect, it } from 'vitest';
import { embeddedSpeeds, planSteps } from '../../../src/engines/onnx/step-kinds.ts';

const guidedOf = (speed: Parameters<typeof planSteps>[0], steps: number, isGuided = true) =>
  planSteps(speed, steps, isGuided)
    .kinds.map((kind) => (kind.isGuided ? 'g' : kind.sharesGuidance ? 's' : '-'))
    .join('');

describe('the steps of a speed', () => {
  it('are all guided when exact, and none without a negative prompt', () => {
    expect(guidedOf('exact', 10)).toBe('gggggggggg');
    expect(guidedOf('exact', 10, false)).toBe('----------');
    expect(guidedOf('fast', 10, false)).toBe('----------');
  });

  it('are guided for the first three fifths with cutoff, rounded up', () => {
    expect(guidedOf('cutoff', 10)).toBe('gggggg----');
    expect(guidedOf('cutoff', 3)).toBe('gg-');
    expect(guidedOf('cutoff', 1)).toBe('g');
  });

  it('are guided every other step after the first four when fast, and share the difference between', () => {
    expect(guidedOf('fast', 10)).toBe('ggggsgsgsg');
  });

  it('start a multistep scheduler anew where guidance ends, because the answer jumps there', () => {
    expect(planSteps('cutoff', 10, true).restart).toBe(6);
    expect(planSteps('cutoff', 1, true).restart).toBeNull();
    expect(planSteps('cutoff', 10, false).restart).toBeNull();
    expect(planSteps('fast', 10, true).restart).toBeNull();
  });

  it('of the embedded engine are these', () => {
    expect(embeddedSpeeds).toEqual(['exact', 'cutoff', 'fast']);
  });
});
