/** What a terminal would obey or hide, and JSON does not escape by itself: DEL, C1, bidi, zero width. */
const UNSAFE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** JSON that is safe on a terminal and loses nothing: the same value comes back from it. */
export function jsonText(value: object, pretty: boolean): string {
  return JSON.stringify(value, null, pretty ? 2 : 0).replace(
    UNSAFE,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
