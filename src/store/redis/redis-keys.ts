/**
 * Returns the keys of the store of that name. They share one hash tag, so that a cluster keeps them on one node and a
 * script may use all of them. Stores of different names share nothing.
 */
export const redisKeys = (scope: string) => ({
  /** Hash: each pet's JSON by its id. */
  all: `{${scope}}:all`,
  /** Sorted set: every id, by its number. */
  ids: `{${scope}}:ids`,
  /** Sorted set: the ids of the pets that owe events, by their number. */
  owing: `{${scope}}:owing`,
  /** Hash: the id of the pet that was created last with an `Idempotency-Key`, by the hash of that. */
  byKey: `{${scope}}:by-key`,
  /** The last id given out. */
  seq: `{${scope}}:seq`,
  /**
   * A text that changes with every change and never repeats. If it is the same, nothing has changed. Not a counter: a
   * Redis that was emptied or restored would reach the same number again with other pets.
   */
  revision: `{${scope}}:revision`,
  /** Exists while pets are copied into this store, and after such a copy was interrupted. */
  copying: `{${scope}}:copying`,
})

/** The keys of a store. */
export type RedisKeys = ReturnType<typeof redisKeys>
