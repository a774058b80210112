/** How many taken items the array may contain before it is cut. */
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

  /** Removes and returns the oldest item; undefined if there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head++]
    if (this.#head >= CUT_AFTER && this.#head * 2 >= this.#items.length) {
      this.#items = this.toArray()
      this.#head = 0
    }
    return item
  }

  /** Removes an item. Returns false if it is missing. Takes time proportional to the size. */
  remove(item: T): boolean {
    const index = this.#items.indexOf(item, this.#head)
    if (index >= 0) this.#items.splice(index, 1)
    return index >= 0
  }

  /** Returns the items, oldest first. */
  toArray(): T[] {
    return this.#items.slice(this.#head)
  }
}
