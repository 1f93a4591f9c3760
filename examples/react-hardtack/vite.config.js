import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// One copy of each, though `hardtack` lies in another folder.
export default defineConfig({ plugins: [react()], resolve: { dedupe: ["react", "axios"] } });
