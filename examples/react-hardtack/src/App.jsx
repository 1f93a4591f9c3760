import { RequireSession, useHardtack, useSession } from "hardtack/react";
import { useState } from "react";

export function App() {
  return (
    <RequireSession loading={<p>…</p>} signedOut={<Login />}>
      <Notes />
    </RequireSession>
  );
}

function Login() {
  const hardtack = useHardtack();
  const [error, setError] = useState("");
  async function submit(event) {
    event.preventDefault();
    try {
      await hardtack.login(Object.fromEntries(new FormData(event.target)));
    } catch (error) {
      setError(error.message);
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
  const hardtack = useHardtack();
  const { user } = useSession();
  const [devices, setDevices] = useState(null);
  const [note, setNote] = useState("");
  return (
    <main>
      <h1>You are {user.username}</h1>
      <label>Note <input value={note} onChange={(event) => setNote(event.target.value)} /></label>
      <button onClick={async () => setDevices(await hardtack.sessions())}>Where am I logged in?</button>
      {devices && <p role="status">{devices.length} devices</p>}
      <button onClick={() => hardtack.logout()}>Log out</button>
    </main>
  );
}
