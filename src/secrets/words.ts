/** Splits a command line of an environment variable into words; quotes group, a backslash takes the next character as it is. */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  const word = /(?:[^\s"'\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+/y;
  const pieces = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^"'\\]+)/g;
  let at = 0;
  for (;;) {
    at += /^\s*/.exec(line.slice(at))?.[0].length ?? 0;
    if (at >= line.length) return words.length > 0 ? words : undefined;
    word.lastIndex = at;
    const match = word.exec(line)?.[0];
    if (match === undefined) return undefined;
    at += match.length;
    words.push(
      match.replace(pieces, (_, single?: string, double?: string, escaped?: string, plain?: string) =>
        double === undefined ? (single ?? escaped ?? plain ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
      ),
    );
  }
}
