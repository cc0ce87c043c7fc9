import { describe, expect, it } from 'vitest';
import { altText, pictureTexts } from '../../src/jobs/picture-metadata.ts';
import { sampleRequest } from './sample-jobs.ts';

const facts = { seed: 9, size: { width: 512, height: 512 }, strength: null };

describe('texts inside a picture', () => {
  it('are read by the common viewers', () => {
    const request = { ...sampleRequest, negativePrompt: 'rain', scheduler: 'dpmpp_2m', guidanceScale: 7.5 } as const;
    expect(pictureTexts(request, facts).parameters).toBe(
      [
        'a red lighthouse at dusk',
        'Negative prompt: rain',
        'Steps: 4, Sampler: DPM++ 2M, CFG scale: 7.5, Seed: 9, Size: 512x512, Model: instant',
      ].join('\n'),
    );
  });

  it('name the style’s words and the strength, and leave out what there is not', () => {
    const { parameters } = pictureTexts({ ...sampleRequest, style: 'woodcut' }, { ...facts, strength: 0.4 });
    expect(parameters.split('\n')).toEqual([
      'a red lighthouse at dusk, in woodcut style',
      'Steps: 4, Sampler: DDIM, CFG scale: 4, Seed: 9, Size: 512x512, Model: instant, Denoising strength: 0.4',
    ]);
  });

  it('hold all that draws the picture again, and nothing of the time or the person', () => {
    const texts = pictureTexts(sampleRequest, facts);
    expect(JSON.parse(texts.quartet)).toEqual({
      version: 1,
      action: 'imagine',
      prompt: 'a red lighthouse at dusk',
      negativePrompt: '',
      steps: 4,
      guidanceScale: 4,
      seed: 9,
      scheduler: 'ddim',
      size: { width: 512, height: 512 },
      model: 'instant',
      style: null,
      strength: null,
    });
    expect(pictureTexts(sampleRequest, facts)).toEqual(texts);
  });

  it('describe each picture for screen readers', () => {
    expect(altText(sampleRequest, 1)).toBe('a red lighthouse at dusk (picture 2 of 4)');
    expect(altText({ ...sampleRequest, count: 1 }, 0)).toBe('a red lighthouse at dusk');
  });
});
