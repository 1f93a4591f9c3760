import { createHardtack } from "hardtack";
import { HardtackProvider } from "hardtack/react";
import { createRoot } from "react-dom/client";
import "../../shared/style.css";
import { App } from "./App.jsx";

// The interceptor, the timer and the context of ../react-documented are this one line.
const hardtack = createHardtack({
  baseUrl: `${import.meta.env.VITE_API ?? "http://localhost:8000/api"}/auth`,
  timeout: Number(import.meta.env.VITE_TIMEOUT ?? 7_000),
});

createRoot(document.getElementById("app")).render(<HardtackProvider client={hardtack}><App /></HardtackProvider>);
