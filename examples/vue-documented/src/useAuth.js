// As the guides have it: a composable around fetch, and a timer. docs/contract.md, section 11.

import { ref } from "vue";

const API = import.meta.env.VITE_API ?? "http://localhost:8000/api";
const user = ref(null);
const loading = ref(true);
let timer;

const request = (path, method = "GET", body) => fetch(`${API}/auth/${path}`, {
  method,
  credentials: "include",
  ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
});

function scheduleRefresh(accessExpiration) {
  clearTimeout(timer);
  timer = setTimeout(refresh, new Date(accessExpiration).getTime() - Date.now() - 60_000);
}

async function refresh() {
  const response = await request("token/refresh/", "POST");
  if (!response.ok) {
    user.value = null;
    return false;
  }
  scheduleRefresh((await response.json()).access_expiration);
  return true;
}

async function fetchUser() {
  let response = await request("user/");
  if (response.status === 401 && await refresh()) response = await request("user/");
  user.value = response.ok ? await response.json() : null;
  loading.value = false;
}

async function login(username, password) {
  const response = await request("login/", "POST", { username, password });
  const data = await response.json();
  if (!response.ok) throw new Error(data.non_field_errors?.[0] ?? "Something went wrong.");
  user.value = data.user;
  scheduleRefresh(data.access_expiration);
}

async function logout() {
  clearTimeout(timer);
  await request("logout/", "POST");
  user.value = null;
}

async function devices() {
  return (await (await request("sessions/")).json()).sessions;
}

export const useAuth = () => ({ user, loading, fetchUser, login, logout, devices });
