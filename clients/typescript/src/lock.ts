/** As much of `navigator.locks` as is needed. */
export type Locks = Pick<LockManager, "request">;

/** Runs `work` while nobody else runs theirs; it learns whether it had to wait. */
export type Exclusively = <T>(work: (waited: boolean) => Promise<T>) => Promise<T>;

/** A lock that was granted within this time (ms) was free. */
const AT_ONCE = 5;

/**
 * One at a time among all tabs of this origin (Web Locks), where there are any: pages without TLS have none.
 *
 * Nobody waits longer than `patience` (ms): the holder may be a tab that the browser has frozen. Then the work is done
 * all the same, for the server stays correct without any lock (docs/rotation.md).
 */
export const lockOf = (locks: Locks | undefined, name: string, patience: number): Exclusively => async (work) => {
  const asked = performance.now();
  let isGranted = !locks;
  try {
    return await (locks ? locks.request(name, { signal: AbortSignal.timeout(patience) }, () => {
      isGranted = true;
      return work(performance.now() - asked > AT_ONCE);
    }) : work(false));
  } catch (error) {
    if (isGranted) throw error;
    return work(true);
  }
};
