/** The machine's two clocks, in milliseconds. */
export interface Clock {
  /** The time of day, which people and NTP set. */
  wall(): number;
  /** A clock that never goes back, and that may stand still while the machine sleeps. */
  steady(): number;
}

export const systemClock: Clock = { wall: () => Date.now(), steady: () => performance.now() };

/**
 * What is left of `milliseconds` from now on.
 *
 * The larger of the two clocks' differences counts: the wall clock knows of sleep, the monotonic one of a wall clock
 * that was set back. One that was set forward makes it end early, which costs one refresh.
 */
export function countdown(clock: Clock, milliseconds: number): () => number {
  const wall = clock.wall();
  const steady = clock.steady();
  return () => milliseconds - Math.max(clock.wall() - wall, clock.steady() - steady);
}

/**
 * How long it is until `expiration`, by the clock of the server that said so. The laptop's clock may be wrong by years;
 * it is asked only where the answer has no `Date`. `Date` has whole seconds: a second is given away.
 */
export function timeUntil(expiration: string, answer: Response, clock: Clock): number {
  const date = Date.parse(answer.headers.get("Date") ?? "");
  return Date.parse(expiration) - (date + 1_000 || clock.wall());
}
