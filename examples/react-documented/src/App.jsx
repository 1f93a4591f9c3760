import { useState } from "react";
import { api } from "./api.js";
import { useAuth } from "./AuthContext.jsx";

export function App() {
  const { user, loading } = useAuth();
  if (loading) return <p>…</p>;
  return user ? <Notes /> : <Login />;
}

function Login() {
  const { login } = useAuth();
  const [error, setError] = useState("");
  async function submit(event) {
    event.preventDefault();
    const { username, password } = Object.fromEntries(new FormData(event.target));
    try {
      await login(username, password);
    } catch (error) {
      setError(error.response?.data.non_field_errors?.[0] ?? "Something went wrong.");
    }
  }
  return (
    <form onSubmit={submit}>
      <h1>Log in</h1>
      <label>User name <input name="username" autoComplete="username" /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" /></label>
      <button>Log in</button>
      <p role="alert">{error}</p>
    </form>
  );
}

function Notes() {
  const { user, logout } = useAuth();
  const [devices, setDevices] = useState(null);
  const [note, setNote] = useState("");
  return (
    <main>
      <h1>You are {user.username}</h1>
      <label>Note <input value={note} onChange={(event) => setNote(event.target.value)} /></label>
      <button onClick={async () => setDevices((await api.get("/auth/sessions/")).data.sessions)}>Where am I logged in?</button>
      {devices && <p role="status">{devices.length} devices</p>}
      <button onClick={logout}>Log out</button>
    </main>
  );
}
