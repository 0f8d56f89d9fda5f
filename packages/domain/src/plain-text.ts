/**
 * Markdown as plain text for a terminal, a mail or a push message: markers are dropped, links keep
 * their address in brackets, lists keep their dashes. Not a parser: what it does not know stays as
 * it was written, which is readable too.
 */
export function plainText(markdown: string): string {
  return markdown
    .replace(/^(```|~~~).*$/gm, '')
    .replace(
      /^#{1,6}[ \t]+(.*?)[ \t]*#*$/gm,
      (_, title: string) => `${title}\n${'-'.repeat(title.length)}`,
    )
    .replace(/!?\[([^\]]*)\]\(([^)\s]*)[^)]*\)/g, (_, text: string, url: string) =>
      text === url || url === '' ? text : `${text} (${url})`,
    )
    .replace(/(?<!\\)(\*\*|__)(?=\S)(.+?)(?<=[^\s\\])\1/g, '$2')
    .replace(/(?<![\w*\\])([*_])(?=\S)(.+?)(?<=[^\s\\])\1(?![\w*])/g, '$2')
    .replace(/`([^`\n]+)`/g, '$1')
    .replace(/^[ \t]{0,3}>[ \t]?/gm, '')
    .replace(/^([ \t]*)[*+][ \t]+/gm, '$1- ')
    .replace(/\\([\\`*_{}[\]()<>#+\-.!|~])/g, '$1')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
