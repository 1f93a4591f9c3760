import { createContext, useContext, useEffect, useRef, useState } from "react";
import { api } from "./api.js";

const AuthContext = createContext(null);
export const useAuth = () => useContext(AuthContext);

export function AuthProvider({ children }) {
  const [user, setUser] = useState(null);
  const [loading, setLoading] = useState(true);
  const timer = useRef();

  // A minute before the token ends, by this machine's clock.
  function scheduleRefresh(accessExpiration) {
    clearTimeout(timer.current);
    const wait = new Date(accessExpiration).getTime() - Date.now() - 60_000;
    timer.current = setTimeout(async () => {
      try {
        const { data } = await api.post("/auth/token/refresh/");
        scheduleRefresh(data.access_expiration);
      } catch {
        setUser(null);
      }
    }, wait);
  }

  useEffect(() => {
    api.get("/auth/user/")
      .then(({ data }) => setUser(data))
      .catch(() => setUser(null))
      .finally(() => setLoading(false));
    return () => clearTimeout(timer.current);
  }, []);

  async function login(username, password) {
    const { data } = await api.post("/auth/login/", { username, password });
    setUser(data.user);
    scheduleRefresh(data.access_expiration);
  }

  async function logout() {
    clearTimeout(timer.current);
    await api.post("/auth/logout/");
    setUser(null);
  }

  return <AuthContext.Provider value={{ user, loading, login, logout }}>{children}</AuthContext.Provider>;
}
