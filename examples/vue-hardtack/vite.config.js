import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// One copy of each, though `hardtack` lies in another folder.
export default defineConfig({ plugins: [vue()], resolve: { dedupe: ["vue", "axios"] } });
