import { env } from "$env/dynamic/private";
import { hardtackHandle } from "hardtack/ssr";

// Needs `cookies.refresh_path = "/"` in hardtack.toml: this server must see the refresh cookie.
export const handle = hardtackHandle({ baseUrl: `${env.API ?? "http://localhost:8000/api"}/auth` });
