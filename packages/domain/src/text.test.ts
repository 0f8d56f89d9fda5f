import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText } from './plain-text.ts';
import { reveal, sanitise, sanitiseLine } from './sanitise.ts';

describe('text from a payload', () => {
  test('cannot move a cursor, set a title, or hide its direction', () => {
    expect(sanitise('\u001b[2Jgone\u001b]0;title\u0007 \u202eabc\u0000')).toBe('gone abc');
    expect(sanitise('a\u009b31mb')).toBe('a31mb');
  });

  test('keeps its lines, unless one line is asked for', () => {
    expect(sanitise('a\n\tb')).toBe('a\n\tb');
    expect(sanitiseLine('  a\n\tb \u2028c')).toBe('a b c');
  });

  test('that waits for an approval hides nothing', () => {
    expect(reveal('pay \u202e100\u0007 to\u200b me\n')).toBe(
      String.raw`pay \u202e100\u0007 to\u200b me` + '\n',
    );
  });

  test('is bounded and well-formed, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(50), (text, max) => {
        const clean = sanitise(text, max + 1);
        expect(clean.length).toBeLessThanOrEqual(max + 1);
        expect(clean.isWellFormed()).toBe(true);
        // eslint-disable-next-line no-control-regex
        expect(clean).not.toMatch(/[\u0000-\u0008\u001b\u007f-\u009f\u202e]/);
      }),
    );
  });
});

describe('Markdown as plain text', () => {
  test('loses its markers and keeps what they meant', () => {
    const markdown =
      '# News\n\n* **bold** and _soft_ with `code`\n> quoted [link](https://x.test/a)';
    expect(plainText(markdown)).toBe(
      'News\n----\n\n- bold and soft with code\nquoted link (https://x.test/a)',
    );
  });

  test('shows what was escaped as it was written', () => {
    expect(plainText('\\*not soft\\* and \\_neither\\_ \\<b\\>')).toBe(
      '*not soft* and _neither_ <b>',
    );
  });

  test('leaves names with underscores alone', () => {
    expect(plainText('snake_case_name and 2 * 3 * 4')).toBe('snake_case_name and 2 * 3 * 4');
  });
});
