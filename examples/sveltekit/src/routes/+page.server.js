import { env } from "$env/dynamic/private";

export async function load({ locals }) {
  const { status, cookie } = locals.hardtack;
  if (status === "signedOut") return { user: null };
  const answer = await fetch(`${env.API ?? "http://localhost:8000/api"}/auth/user/`, { headers: { cookie } });
  return { user: answer.ok ? await answer.json() : null };
}
