import { createRoot } from "react-dom/client";
import "../../shared/style.css";
import { App } from "./App.jsx";
import { AuthProvider } from "./AuthContext.jsx";

createRoot(document.getElementById("app")).render(<AuthProvider><App /></AuthProvider>);
