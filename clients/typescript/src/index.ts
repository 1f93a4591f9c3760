export { createHardtack } from "./client.js";
export { HardtackError, type HardtackErrorCode } from "./error.js";
export type { Clock } from "./clock.js";
export type { Locks } from "./lock.js";
export type {
  Device, Hardtack, HardtackOptions, HardtackRequestInit, LoginRequest, RegistrationRequest, Session, User,
} from "./types.js";
export type { components, paths } from "./wire.js";
