// What makes the hosted pages better; they are complete without it.

const language = document.documentElement.lang;

// What an address said once is not to be said again by a reload or a bookmark.
const here = new URL(location.href);
for (const said of ["renewed", "done"]) here.searchParams.delete(said);
if (here.href !== location.href) history.replaceState(null, "", here);

// A password that can be looked at need not be typed twice.
for (const secret of document.querySelectorAll(".secret")) {
  const input = secret.querySelector("input");
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-controls", input.id);
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? secret.dataset.hide : secret.dataset.show;
  };
  show(false);
  button.addEventListener("click", () => {
    show(input.type === "password");
    input.focus();
  });
  // Stores of passwords and histories of fields know it by its type.
  input.form.addEventListener("submit", () => show(false));
  secret.append(button);
}

// How strong the password is: asked when typing rests, and never in the way when nobody answers.
for (const place of document.querySelectorAll(".strength")) {
  const form = place.closest("form");
  const input = place.parentElement.querySelector("input");
  const meter = document.createElement("meter");
  meter.min = 0;
  meter.max = 5;
  meter.low = 2.5;
  meter.high = 3.5;
  meter.optimum = 5;
  meter.setAttribute("aria-hidden", "true");
  const words = document.createElement("span");
  words.setAttribute("role", "status");
  let resting;
  let asking;

  async function measure() {
    asking?.abort();
    asking = new AbortController();
    const about = new URLSearchParams({ password: input.value });
    for (const field of form.elements) {
      if (field.name && ["text", "email"].includes(field.type) && field !== input) about.set(field.name, field.value);
    }
    try {
      const answer = await fetch(place.dataset.measure, { method: "POST", body: about, signal: asking.signal });
      if (!answer.ok || !input.value) return;
      const { score } = await answer.json();
      meter.value = score + 1;
      words.textContent = place.dataset[score];
      if (!meter.isConnected) place.prepend(meter);
    } catch {
      // Aborted, or nobody there.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(resting);
    if (input.value) {
      resting = setTimeout(measure, 350);
    } else {
      asking?.abort();
      meter.remove();
      words.textContent = "";
    }
  });
  place.append(words);
}

// Times, as they are told where the reader is.
const told = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.textContent = told.format(at);
}
