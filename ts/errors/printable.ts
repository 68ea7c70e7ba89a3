/** Control characters, and characters that change the direction of writing. */
export const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Escapes unprintable characters: a name of an image or of the host must neither control the terminal nor look like
 * another name.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
