/** Folds differences that make no other word: case, width, ligatures. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}
