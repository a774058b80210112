/** A fenced block of a Markdown text. */
export interface Block {
  /** The first word after the fence. */
  language: string
  /** The comment in front of it, which says what a test does with it; empty if there is none. */
  mark: string
  text: string
  /** Where it begins, from 1 on. */
  line: number
}

/** The fenced blocks of a Markdown text, in order. */
export const blocksOf = (markdown: string): Block[] => {
  const pattern = /^(?:<!-- (?<mark>.*) -->\n)?```(?<language>\w*)\n(?<text>[\s\S]*?)^```$/gm
  return Array.from(markdown.matchAll(pattern), ({ groups = {}, index }) => ({
    language: groups.language ?? '',
    mark: groups.mark ?? '',
    text: (groups.text ?? '').trimEnd(),
    line: markdown.slice(0, index).split('\n').length,
  }))
}

/** The targets of its links and images that are files of the project. */
export const relativeLinksOf = (markdown: string): string[] =>
  Array.from(markdown.matchAll(/]\((?!https?:|#)(?<target>[^)#\s]+)/g), ({ groups }) => groups?.target ?? '')
