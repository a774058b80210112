import { dropOldest } from '../../traces/workbench-feed'

/** Values by group and key, stored as JSON, so callers get copies. Groups and keys keep their insertion order. */
export class JsonGroups {
  readonly #groups = new Map<string, Map<string, string>>()

  /** Returns the value; null if there is none. */
  get<T>(group: string, key: string): T | null {
    const text = this.#groups.get(group)?.get(key)
    return text === undefined ? null : JSON.parse(text)
  }

  has(group: string, key: string): boolean {
    return this.#groups.get(group)?.has(key) ?? false
  }

  /** Stores a value that is already JSON. */
  setText(group: string, key: string, text: string): void {
    const values = this.#groups.get(group)
    if (values) values.set(key, text)
    else this.#groups.set(group, new Map([[key, text]]))
  }

  /** Removes and returns a value; null if there is none. */
  delete<T>(group: string, key: string): T | null {
    const value = this.get<T>(group, key)
    const values = this.#groups.get(group)
    values?.delete(key)
    if (values?.size === 0) this.#groups.delete(group)
    return value
  }

  deleteGroup(group: string): void {
    this.#groups.delete(group)
  }

  groups(): string[] {
    return [...this.#groups.keys()]
  }

  keys(group: string): string[] {
    return [...(this.#groups.get(group)?.keys() ?? [])]
  }

  entries<T>(group: string): [key: string, value: T][] {
    return Array.from(this.#groups.get(group) ?? [], ([key, text]) => [key, JSON.parse(text)])
  }

  values<T>(group: string): T[] {
    return this.entries<T>(group).map(([, value]) => value)
  }

  /** Removes the oldest keys of a group beyond `size` if it has more than `most`. Returns them. */
  dropOldest(group: string, size: number, most: number): string[] {
    const values = this.#groups.get(group)
    return values && values.size > most ? dropOldest(values, size) : []
  }
}
