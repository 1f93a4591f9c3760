import { createHardtack } from "hardtack";
import { hardtackPlugin } from "hardtack/vue";
import { createApp } from "vue";
import "../../shared/style.css";
import App from "./App.vue";

// What is left of ../vue-documented/src/useAuth.js.
const hardtack = createHardtack({
  baseUrl: `${import.meta.env.VITE_API ?? "http://localhost:8000/api"}/auth`,
  timeout: Number(import.meta.env.VITE_TIMEOUT ?? 7_000),
});

createApp(App).use(hardtackPlugin, hardtack).mount("#app");
