/** Axios: every 401 waits for the one refresh of the client, and is sent once more. */

import type { AxiosInstance, AxiosResponse, InternalAxiosRequestConfig } from "axios";
import type { Hardtack } from "./types.js";

interface Sent extends InternalAxiosRequestConfig {
  hardtack?: { sentAt: number; user: number | undefined; isRetry: boolean };
}

/**
 * Makes `axios` send the cookies, and answer a 401 with one refresh and one retry; however many requests are refused at
 * once, they share the refresh. Use an instance that talks to your own back-ends only. Returns what undoes it.
 *
 * The refresh itself never passes through `axios`, so a refused one ends there instead of starting the next.
 */
export function withHardtack(axios: AxiosInstance, hardtack: Hardtack): () => void {
  axios.defaults.withCredentials = true;
  const user = () => hardtack.session().user?.pk;

  const request = axios.interceptors.request.use((config: Sent) => {
    config.hardtack = { sentAt: performance.now(), user: user(), isRetry: config.hardtack?.isRetry ?? false };
    return config;
  });
  const response = axios.interceptors.response.use(undefined, async (error: { config?: Sent; response?: AxiosResponse }) => {
    const { config } = error;
    const sent = config?.hardtack;
    if (error.response?.status !== 401 || !config || !sent || sent.isRetry) throw error;
    const background = config.headers.get("X-Hardtack-Background") === "1";
    const isNewer = await hardtack.renew({ sentAt: sent.sentAt, background });
    // What one user asked for is never done in the name of another; and a stream cannot be sent twice.
    if (!isNewer || sent.user !== user() || isStream(config.data)) throw error;
    sent.isRetry = true;
    return axios.request(config);
  });
  return () => {
    axios.interceptors.request.eject(request);
    axios.interceptors.response.eject(response);
  };
}

const isStream = (data: unknown) =>
  data instanceof ReadableStream || typeof (data as { pipe?: unknown } | null | undefined)?.pipe === "function";
