/** Returns a Markdown table with aligned columns. The first `textColumns` are text, the others numbers. */
export const table = (head: string[], rows: string[][], textColumns = 1): string => {
  const widths = head.map((title, column) => Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(widthOf)))
  const line = (cells: string[]) =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, column < textColumns)).join(' | ')} |`
  const rule = widths.map((width, column) => (column < textColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** Returns a number with the significant digits of a measurement. */
export const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)

/** `1 client`, `10 clients`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const widthOf = (text: string): number => [...text].length

const pad = (text: string, width: number, isText: boolean): string => {
  const space = ' '.repeat(width - widthOf(text))
  return isText ? text + space : space + text
}
