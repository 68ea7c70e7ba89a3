/** Control characters, and those that turn the direction of writing. */
export const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The text with those escaped: a name of an image or of the host must neither steer the terminal that shows it nor look
 * like another one.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
