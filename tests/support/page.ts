/** A fenced block of a page of the documentation. */
export interface Block {
  /** The first word after the fence. */
  language: string
  text: string
  /** The line of the fence, from 1 on. */
  line: number
  /** The number of headings above the block. The output of a command is under the same heading. */
  section: number
}

/** A link or an image: `[text](path#anchor)`. `path` is empty if the target is on the same page. */
export interface Link {
  path: string
  anchor: string
}

/** Returns the fenced blocks of a Markdown text, in order. */
export const blocksOf = (markdown: string): Block[] => {
  const blocks: Block[] = []
  let section = 0
  let open: Block | undefined
  for (const [index, text] of markdown.split('\n').entries()) {
    if (open && text === '```') {
      blocks.push({ ...open, text: open.text.trimEnd() })
      open = undefined
    } else if (open) open.text += `${text}\n`
    else if (text.startsWith('```')) open = { language: text.slice(3), text: '', line: index + 1, section }
    else if (text.startsWith('#')) section += 1
  }
  if (open) throw new Error(`The block that begins in line ${open.line} does not end`)
  return blocks
}

const withoutBlocks = (markdown: string): string => markdown.replaceAll(/^```[\s\S]*?^```$/gm, '')

/** Returns the targets of the links and images in a Markdown text that are files of the project. */
export const linksOf = (markdown: string): Link[] =>
  Array.from(
    withoutBlocks(markdown).matchAll(/]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g),
    ([, path = '', anchor = '']) => ({
      path,
      anchor,
    }),
  )

/** Returns the anchors that GitHub gives to the headings of a Markdown text. */
export const anchorsOf = (markdown: string): string[] =>
  Array.from(withoutBlocks(markdown).matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )

/** Returns the cells of each row, without the head, of the first table whose head begins with this cell. */
export const tableOf = (markdown: string, firstCell: string): string[][] => {
  const rows = markdown.split(`\n| ${firstCell} |`)[1]?.split('\n\n')[0]?.trimEnd().split('\n').slice(2) ?? []
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** Returns the JSON values in a text: a single one, or one a line. */
export const jsonIn = (text: string): unknown[] => {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  try {
    return [JSON.parse(text)]
  } catch {
    return lines.map((line) => JSON.parse(line))
  }
}

/** A change to one file. Without `before` the file is new. */
export interface Edit {
  file: string
  before: string
  after: string
}

/** Returns the changes that a diff describes. They apply wherever the file holds `before`: line numbers do not count. */
export const editsOf = (diff: string): Edit[] => {
  const edits: Edit[] = []
  let file = ''
  for (const line of diff.split('\n')) {
    const [mark, text] = [line[0] ?? ' ', line.slice(1)]
    const edit = edits.at(-1)
    if (line.startsWith('--- ')) continue
    if (line.startsWith('+++ ')) file = line.replace('+++ b/', '')
    else if (line.startsWith('@@')) edits.push({ file, before: '', after: '' })
    else if (!edit) throw new Error(`Not part of a hunk: ${line}`)
    else {
      if (mark !== '+') edit.before += `${text}\n`
      if (mark !== '-') edit.after += `${text}\n`
    }
  }
  return edits
}
