/**
 * The keys of a store in Redis. They share one hash tag, so that a cluster keeps them on one node and a script may use them
 * all.
 */
export const KEYS = {
  /** The id handed out last. */
  seq: '{pets}:seq',
  /** Hash: each pet's JSON by its id. */
  all: '{pets}:all',
  /** Sorted set: every id, by its number. */
  ids: '{pets}:ids',
  /** Sorted set: the ids of the pets with a job or a purge under way, by their number. */
  unfinished: '{pets}:unfinished',
  /** Another text after each change, never the same twice, so that a list that was read before is known to be the latest. */
  revision: '{pets}:revision',
  /** There while a copy into this store is under way, or was cut off. */
  copying: '{pets}:copying',
} as const
