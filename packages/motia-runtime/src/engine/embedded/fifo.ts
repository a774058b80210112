/** How many items may be taken before the array that holds them is cut. */
const CUT_AFTER = 1_024

/** A first-in, first-out list that takes from its front in constant time. */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the oldest item; undefined if there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head++]
    if (this.#head >= CUT_AFTER && this.#head * 2 >= this.#items.length) {
      this.#items = this.toArray()
      this.#head = 0
    }
    return item
  }

  /** Removes an item wherever it is; false if it is not there. Takes time in proportion to the size. */
  remove(item: T): boolean {
    const index = this.#items.indexOf(item, this.#head)
    if (index >= 0) this.#items.splice(index, 1)
    return index >= 0
  }

  /** The items, oldest first. */
  toArray(): T[] {
    return this.#items.slice(this.#head)
  }
}
